"""Makes the small inputs of the fuzz target pth.

    python make_corpus.py ../fuzz/corpus
"""
import collections
import os
import pickle
import sys

import torch


def main():
    root = sys.argv[1]
    state = collections.OrderedDict()
    state["module.encoder_q.conv1.weight"] = torch.arange(8.0).reshape(2, 1, 2, 2)
    state["module.encoder_q.half"] = torch.ones(2, 3).half().t()
    state["module.queue"] = torch.eye(2)
    state["module.queue_ptr"] = torch.tensor([1])
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], 0.1, momentum=0.9)
    parameter.sum().backward()
    optimizer.step()
    whole = {"epoch": 3, "arch": "resnet18", "state_dict": state, "optimizer": optimizer.state_dict()}
    folder = os.path.join(root, "pth")
    torch.save(whole, os.path.join(folder, "zip"))
    torch.save(whole, os.path.join(folder, "legacy"), _use_new_zipfile_serialization=False)
    torch.save(torch.nn.BatchNorm2d(2).state_dict(), os.path.join(folder, "module"))
    torch.save({"a": torch.nn.Parameter(torch.ones(2))}, os.path.join(folder, "protocol4"), pickle_protocol=4)
    with open(os.path.join(folder, "pickle"), "wb") as file:
        pickle.dump({"a": [1, 2.5, None, True, "text", (1, 2, 3), -70000, 1 << 40]}, file, protocol=2)


if __name__ == "__main__":
    main()
