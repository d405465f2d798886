"""A part of a stack that does what its arguments say: `python fake_part.py BEHAVIOUR --port N`."""

import http.server
import signal
import subprocess
import sys
import time


def main() -> None:
    """Serve, or fail in the asked way."""
    behaviour, port = sys.argv[1], int(sys.argv[sys.argv.index("--port") + 1])
    sys.stderr.write(f"this is {behaviour}\n")
    if behaviour == "crashes":
        sys.stderr.write("the disk is on fire\n")
        raise SystemExit(3)
    if behaviour == "silent":
        time.sleep(60)
    if behaviour == "odd":
        print("hello", flush=True)
        time.sleep(60)
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour == "parent":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    server = http.server.HTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler)
    print(f"ready {behaviour} http://127.0.0.1:{server.server_port}", flush=True)
    if behaviour != "quiet":
        print("noise " * 20_000, flush=True)
    server.serve_forever()


main()
