// Stands for another libtorch: loaded before it, this says that it is version 1.2.3.
#include <map>
#include <string>

namespace caffe2 {

const std::map<std::string, std::string> &GetBuildOptions()
{
    static const std::map<std::string, std::string> options = { { "TORCH_VERSION", "1.2.3" } };
    return options;
}

} // namespace caffe2
