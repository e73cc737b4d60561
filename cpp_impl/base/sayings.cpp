// Says in the words of the interface what libtorch complains about.
#include "base/sayings.hpp"

#include <algorithm>

namespace {

// What libtorch says, and what the caller should hear. No text: the first sentence of libtorch's.
struct Known {
    const char *sign;
    moco_status status;
    const char *text;
};

constexpr Known sayings[] = {
    { "/gloo/", MOCO_EPEER, nullptr },
    { "INTERNAL ASSERT FAILED", MOCO_ETORCH, nullptr },
    { "CUDA error", MOCO_ETORCH, nullptr },
    { "can't allocate memory", MOCO_ENOMEM, "out of memory" },
    { "alloc_cpu", MOCO_ENOMEM, "out of memory" },
    { "could not create a primitive descriptor", MOCO_ETORCH, nullptr },
    { "could not create a ", MOCO_ENOMEM, "out of memory, as oneDNN says that it could not prepare the operation" },
    { "could not execute a primitive", MOCO_ENOMEM, "out of memory, as oneDNN says that it could not compute" },
    { "calculation overflowed", MOCO_ENOMEM, "out of memory: the sizes make more elements than any memory holds" },
    { "multiplication overflow", MOCO_ENOMEM, "out of memory: the sizes make more elements than any memory holds" },
    { "not linked with support for cuda", MOCO_EUNAVAILABLE, "there is no GPU that libtorch can use" },
    { "Could not run '", MOCO_EUNAVAILABLE,
      "libtorch has no such operation for this device and element type; moco_device_parse() checks whether a device "
      "can be used" },
    { "no NVIDIA driver", MOCO_EUNAVAILABLE, "there is no NVIDIA driver" },
    { "through the graph a second time", MOCO_EINVALID,
      "a backward pass has used this loss, or part of what it was computed from, already; compute it again, or keep it "
      "with retain_graph of moco_tensor_backward_with()" },
    { "modified by an inplace operation", MOCO_EINVALID,
      "a tensor that the backward pass needs was written to after it was used; call the backward pass before what "
      "writes, such as moco_queue_enqueue()" },
    { "does not require grad", MOCO_EINVALID,
      "the loss does not depend on any parameter that is trained; is the network in evaluation mode, or the call "
      "between moco_no_grad_begin() and moco_no_grad_end()?" },
    { "to be on the same device", MOCO_EINVALID, "the tensors are on different devices; use moco_tensor_to()" },
    { "more than one element of the written-to tensor", MOCO_EINVALID,
      "several elements of the tensor that is written to share memory, as after aten::expand; write to a copy of it, "
      "by moco_tensor_clone()" },
    { "without overflow", MOCO_EINVALID, nullptr },
    { "must match", MOCO_EINVALID, nullptr },
    { "shapes cannot be multiplied", MOCO_EINVALID, nullptr },
    { "out of range", MOCO_EINVALID, nullptr },
    { "out of bounds", MOCO_EINVALID, nullptr },
    { "have the same dtype", MOCO_EINVALID, nullptr },
    { "not implemented for", MOCO_EINVALID, nullptr },
    { "can't be cast to", MOCO_EINVALID, nullptr },
};

// Returns the first sentence of a message; the rest is advice for Python. So are the names of its modules.
std::string first_sentence(const std::string &text)
{
    std::string sentence = text.substr(0, std::min(text.find('\n'), text.find(". ")));
    for (size_t at = 0; (at = sentence.find("torch.", at)) != std::string::npos;) {
        sentence.erase(at, sizeof "torch." - 1);
    }
    return sentence;
}

} // namespace

moco::Saying moco::say(const std::string &text, moco_status otherwise)
{
    for (const Known &known : sayings) {
        if (text.find(known.sign) != std::string::npos) {
            return { known.status, known.text != nullptr ? known.text : first_sentence(text) };
        }
    }
    return { otherwise, first_sentence(text) };
}
