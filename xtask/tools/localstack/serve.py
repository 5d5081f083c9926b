"""Runs LocalStack on a free port of the loopback interface, and says where once it answers.

Its files go into the folder that is given, which must be empty. It reaches nothing outside of this machine: whatever it
would look up is not found. It ends with whoever started it.
"""

import os
import signal
import socket
import sys
import threading
import time
import urllib.request

folder = os.path.abspath(sys.argv[1])
parent = os.getppid()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
address = f"http://127.0.0.1:{port}"
os.environ.update(
    FILESYSTEM_ROOT=folder,
    LOCALSTACK_VOLUME_DIR=folder,
    GATEWAY_LISTEN=f"127.0.0.1:{port}",
    # Neither its statistics nor its certificate, nor a name server of its own.
    DISABLE_EVENTS="1",
    SKIP_SSL_CERT_DOWNLOAD="1",
    DNS_ADDRESS="0",
    # Counted each minute, and asked for by nobody.
    SQS_DISABLE_CLOUDWATCH_METRICS="1",
    LS_LOG="warn",
)
# Standard output is for the address; what LocalStack says goes where errors go.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

look_up = socket.getaddrinfo


def look_up_here(host, *rest, **named):
    names = (None, "", "localhost", "127.0.0.1", "0.0.0.0", "::1", "::")
    if (host.decode() if isinstance(host, bytes) else host) not in names:
        raise socket.gaierror(socket.EAI_NONAME, f"{host} is not on this machine")
    return look_up(host, *rest, **named)


socket.getaddrinfo = look_up_here


def watch():
    said = False
    while os.getppid() == parent:
        if not said:
            try:
                urllib.request.urlopen(f"{address}/_localstack/health").read()
                print(f"listening on {address}", file=answers, flush=True)
                said = True
            except OSError:
                pass
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)


threading.Thread(target=watch, daemon=True).start()

from localstack.runtime.main import main  # noqa: E402  (it reads the environment as it is imported)

main()
