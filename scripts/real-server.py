"""llama.cpp's own server, in this process: used by `scripts/real-server`, not by hand.

    real-server.py WEIGHTS.gguf URL_FILE

Listens on a free port of 127.0.0.1, writes its URL to URL_FILE once it is bound, and serves until SIGTERM.
"""

import os
import signal
import socket
import sys

import xllamacpp


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def params(weights: str) -> xllamacpp.CommonParams:
    p = xllamacpp.CommonParams()
    p.model.path = weights
    p.model_alias = {"smollm2"}
    p.n_ctx = 4096
    p.n_parallel = 2
    # One core is enough for a model of this size.
    p.cpuparams.n_threads = 1
    p.cpuparams_batch.n_threads = 1
    p.hostnames = ["127.0.0.1"]
    p.port = free_port()
    return p


def write_whole(path: str, text: str) -> None:
    """Writes atomically."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def main() -> int:
    weights, url_file = sys.argv[1:]
    # Blocked before the server starts its threads, so that it kills none of them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = xllamacpp.Server(params(weights))
    write_whole(url_file, server.listening_address + "\n")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # The threads of the server have nothing to save: exit immediately.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
