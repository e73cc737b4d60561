"""Makes the first inputs of the fuzz targets whose readers take text or records, and the dictionaries of option names.

    python3 make_seeds.py

tests/data/make_corpus.py makes those of pth. The others were found by fuzzing, or are written by hand.
"""
import json
import os
import re
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def write(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def option_names():
    """The names of the options, from the tables of c_api/config/."""
    names = []
    for part in ("data", "method", "run"):
        with open(os.path.join(ROOT, "c_api", "config", "config_rows_%s.c" % part)) as file:
            names += re.findall(r"\{ \.name = \"([a-z0-9-]+)\"", file.read())
    return sorted(names)


def write_dictionary(target, comment, words):
    os.makedirs(os.path.join(HERE, "dictionaries"), exist_ok=True)
    with open(os.path.join(HERE, "dictionaries", target + ".dict"), "w") as file:
        file.write("# %s\n" % comment)
        for word in words:
            file.write('"%s"\n' % word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\x0a"))


def make_cifar():
    write("cifar", "ten", bytes([4, 1, 3, 200, 7, 9]))
    write("cifar", "hundred", bytes([5, 2, 19, 99, 4, 50, 7, 1]))
    write("cifar", "label_too_large", bytes([4, 0, 10]))
    write("cifar", "names", bytes([2]) + b"airplane\nautomobile\r\n\nbird\n")
    write("cifar", "cut", bytes([0]) + bytes(40))


def metadata(rows, tensors=None):
    return json.dumps(dict({"__metadata__": rows}, **(tensors or {})))


def make_checkpoint():
    rows = {"format": "moco-checkpoint", "version": "1", "step": "40", "epoch": "2", "batch": "8", "ran_on": "cpu"}
    write("checkpoint", "settings", metadata(dict(rows, **{
        "config.arch": "resnet18", "config.lr": "0.03", "config.queue-size": "4096", "config.data": "photos",
        "config.milestones": "120,160", "config.cos": "true", "config.mlp": "true"})))
    write("checkpoint", "bare", metadata(rows))
    write("checkpoint", "foreign", metadata({"format": "pt"}))
    write("checkpoint", "range", metadata(dict(rows, **{"config.batch": "-1"})))
    write("checkpoint", "unknown", metadata(dict(rows, **{"config.colour": "blue"})))
    write("checkpoint", "step", metadata(dict(rows, step="18446744073709551616")))


def make_run():
    config = "arch: resnet18\nbatch_size: 32\ndata: 'photos'\n"
    metrics = '{"step": 1, "epoch": 0.5, "loss": 5.25, "lr": 0.03, "acc1": 3.1}\n{"step": 2, "epoch": 1, "knn_acc1": 61.5}\n'
    log = "2026-11-24 11:02:55 libmoco 0.2.0\n2026-11-24 11:03:55 done: 2 steps\n"
    knn = json.dumps({"acc1": 61.5, "k": 20, "seconds": 3.5, "classes": [{"name": "cat", "acc1": 50}],
                      "confusion": [[1, 2], [3, 4]], "data": {"path": "x", "deep": {"a": [1, None, True]}}})
    for name, parts in (("done", (config, metrics, log, knn)),
                        ("failed", (config, metrics, log.replace("done: 2 steps", "failed: no"), "[1, 2")),
                        ("log", ("", "", "2026-11-24 11:02:55 stopped at step 3")),
                        ("metrics", ("", '{"step": -1}\n{"step": 3, "epoch"'))):
        write("run", name, b"\xff".join(part.encode() for part in parts))


def make_setting():
    count = len(option_names())
    values = ("1", "0.5", "auto", "true", "no", "120,160", "photos", "resnet50", "1e300", "-1", "nan", "")
    for index, value in enumerate(values):
        lines = b"".join(bytes([i]) + value.encode() + b"\n" for i in range(count) if i != 10)
        write("setting", "value_%02d" % index, lines)


def make_launch():
    def text(launcher, **values):
        names = ("RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT TORCHELASTIC_USE_AGENT_STORE "
                 "TORCHELASTIC_RUN_ID TORCHELASTIC_RESTART_COUNT OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE "
                 "OMPI_COMM_WORLD_LOCAL_RANK OMPI_COMM_WORLD_LOCAL_SIZE OMPI_MCA_ess_base_jobid PMIX_NAMESPACE PMI_RANK "
                 "PMI_SIZE MPI_LOCALRANKID MPI_LOCALNRANKS SLURM_PROCID SLURM_NTASKS SLURM_LOCALID SLURM_JOB_ID "
                 "SLURM_JOB_NODELIST SLURM_STEP_ID SLURM_STEP_NODELIST SLURM_STEP_TASKS_PER_NODE MOCO_RUN_TOKEN").split()
        # 10 is the line feed: add the number of variables
        numbers = {name: i if i != 10 else i + len(names) for i, name in enumerate(names)}
        return bytes([launcher]) + b"\n".join(bytes([numbers[k]]) + str(v).encode() for k, v in values.items())

    write("launch", "torchrun", text(0, RANK=1, WORLD_SIZE=4, LOCAL_RANK=1, LOCAL_WORLD_SIZE=2, MASTER_ADDR="node0",
                                     MASTER_PORT=29500, TORCHELASTIC_RUN_ID="job", TORCHELASTIC_RESTART_COUNT=2,
                                     TORCHELASTIC_USE_AGENT_STORE="True"))
    write("launch", "mpi", text(0, OMPI_COMM_WORLD_RANK=1, OMPI_COMM_WORLD_SIZE=2, OMPI_COMM_WORLD_LOCAL_RANK=1,
                                OMPI_COMM_WORLD_LOCAL_SIZE=2, PMIX_NAMESPACE="4711"))
    write("launch", "mpich", text(2, PMI_RANK=0, PMI_SIZE=2, MPI_LOCALRANKID=0, MPI_LOCALNRANKS=1, MASTER_ADDR="a"))
    write("launch", "slurm", text(0, SLURM_PROCID=3, SLURM_NTASKS=4, SLURM_LOCALID=1, SLURM_JOB_ID=99, SLURM_STEP_ID=0,
                                  SLURM_STEP_NODELIST="gpu[07-09,12],login", SLURM_STEP_TASKS_PER_NODE="2(x2)"))
    write("launch", "slurm_script", text(0, SLURM_PROCID=0, SLURM_NTASKS=4, SLURM_JOB_NODELIST="rack[3,5]-ib"))
    write("launch", "token", text(1, RANK=0, WORLD_SIZE=1, MOCO_RUN_TOKEN="0123456789abcdef0123456789abcdef"))


def make_rendezvous():
    def answer(text):
        return bytes([len(text) + 3]) + text.encode()

    names = lambda world: b"".join(answer(str(world)) + answer("node%d, pid %d" % (r, r)) for r in range(world))
    agree = b"\0" + b"\0" + answer("") + b"\0" + answer("x: 1")
    write("rendezvous", "follower", bytes([4 + 0]) + b"\0" + names(2) + agree + answer("1") + answer("3 1") * 4)
    write("rendezvous", "leader", bytes([0]) + b"\0" + names(2) + b"\0" + answer("18") + answer("batch: 32\nseed: 2\n"))
    write("rendezvous", "leader_huge", bytes([0]) + b"\0" + names(2) + b"\0" + answer("99999999999"))
    write("rendezvous", "twice", bytes([0]) + b"\1" + answer("node1, pid 3"))
    write("rendezvous", "other_world", bytes([1]) + b"\0" + answer("5") + answer("node0, pid 1"))
    write("rendezvous", "failed", bytes([5]) + b"\0" + names(3) + b"\1" + b"\1" + answer("1") + answer("out of disk") * 3)


def make_pattern():
    for i, text in enumerate(("train-{000000..000146}.tar", "{a,b}-{0..9}.tar", "{a,{b,c}}{1..2}", "*.tar", "{}{a", "{9..1}",
                              "{0..999999999}", "{a,b}" * 40, "pipe:cat x-{0..3}.tar")):
        write("pattern", "pattern_%d" % i, text)


def make_dictionaries():
    names = option_names()
    words = ["true", "false", "auto", "none", "nan", "inf", "1e300", "-1"]
    write_dictionary("yaml", "Keys of the configuration file.", [n.replace("-", "_") + ": " for n in names] + words +
                     ["- {operation: ", ", parameters: [", ", probability: ", "!!str ", "&a ", "*a", "<<: ", "--- ", "|\n"])
    write_dictionary("checkpoint", "Metadata of a checkpoint.", ['"config.%s": "' % n for n in names] + words +
                     ['{"__metadata__": {', '"format": "moco-checkpoint"', '"version": "1"', '"step": "', '"epoch": "',
                      '"batch": "'])
    write_dictionary("setting", "Values of settings.", words + ["resnet18", "resnet50", "cuda:0", "cosine", "steps", "v1", "v2"])
    operations = ("Size RandomResizedCrop Resize CenterCrop ColorJitter RandomGrayscale GaussianBlur RandomHorizontalFlip "
                  "Normalize RandomSolarize RandomCrop RandomRotation").split()
    write_dictionary("policy", "Operations of augmentation.", ["operation: " + o for o in operations] +
                     ["- {", "}", ", parameters: [", "]", ", probability: ", "key_policy:\n", "\n"])


def escape(data):
    return "".join("\\x%02x" % byte for byte in data)


def make_binary_dictionaries():
    folder = os.path.join(HERE, "dictionaries")
    with open(os.path.join(folder, "tar.dict"), "w") as file:
        file.write("# Keywords of tar, and first bytes of what compresses it.\n")
        for word in ("ustar\\x0000", "ustar  \\x00", "GNU.sparse.major=1\\x0a", "GNU.sparse.map=", "GNU.sparse.realsize=",
                     "GNU.sparse.numblocks=", "GNU.sparse.offset=", "GNU.sparse.numbytes=", "GNU.sparse.name=", "path=",
                     "size=", "linkpath=", "././@LongLink", ".jpg", ".cls", ".npy", "__classes__", "__moco__",
                     "BZh9", "LZIP\\x01", "\\x1f\\x8b\\x08", "\\xfd7zXZ\\x00", "\\x04\\x22\\x4d\\x18", "\\x28\\xb5\\x2f\\xfd",
                     "\\x80\\x00\\x00\\x00\\x00\\x00\\x00\\x00"):
            file.write('"%s"\n' % word)
    with open(os.path.join(folder, "pth.dict"), "w") as file:
        file.write("# Parts of zip archives and of pickles.\n")
        for word in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"\x80\2}q\0", b"\x80\4", b"X\4\0\0\0", b"(lp",
                     b"h\0", b"r\1\0\0\0", b"\x95\x10\0\0\0\0\0\0\0", b"\x8a\1\1", b"Q", b"R", b"tq", b"u.", b"b.", b"\x93",
                     struct.pack("<q", 0x1950a86a20f9469c), b"data.pkl", b"byteorder", b".data/"):
            file.write('"%s"\n' % escape(word))
        for module, name in (("collections", "OrderedDict"), ("torch._utils", "_rebuild_tensor_v2"),
                             ("torch._utils", "_rebuild_parameter"), ("torch", "FloatStorage"), ("torch", "LongStorage"),
                             ("torch", "Size"), ("numpy", "dtype"), ("builtins", "set")):
            file.write('"%s"\n' % escape(b"c" + module.encode() + b"\n" + name.encode() + b"\n"))
    with open(os.path.join(folder, "safetensors.dict"), "w") as file:
        file.write("# Words of a header.\n")
        for word in ('"dtype":', '"shape":[', '"data_offsets":[0,', '"__metadata__":{', "F32", "BF16", "F8_E4M3", "I64", "U8",
                     "BOOL", "F64", "F16", "{", "}", "],"):
            file.write('"%s"\n' % word.replace('"', '\\"'))


def main():
    for make in (make_cifar, make_checkpoint, make_run, make_setting, make_launch, make_rendezvous, make_pattern,
                 make_dictionaries, make_binary_dictionaries):
        make()


if __name__ == "__main__":
    main()
