"""Make the checkout ready: `.venv`, node_modules and .env. Needs Python's own library only.

Run by the Makefile as `python3 -I config/bootstrap.py run|dev`, with whatever `python3` the
machine has; it must therefore be readable by an old Python, to say that it is too old. What is
done is remembered in stamps keyed to the lock files, so doing it again costs next to nothing.
"""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
VENV_STAMP = os.path.join(VENV, "accord-stamp.json")
NODE_STAMP = os.path.join(ROOT, "node_modules", ".accord-stamp")
LOCKS = {"run": "requirements.txt", "dev": "requirements-dev.txt"}
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20


def main():
    """Make ready for `run` (to serve) or `dev` (to test and lint)."""
    purpose = sys.argv[1] if len(sys.argv) > 1 else "run"
    if not venv_is_usable():
        find_python()
    os.makedirs(os.path.join(ROOT, "var"), exist_ok=True)
    with open(os.path.join(ROOT, "var", "setup.lock"), "w") as lock:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        virtual_environment(purpose)
        node_packages()
        dot_env()


def say(text):
    """Tell what is being done."""
    print("accord: " + text, file=sys.stderr, flush=True)


def fail(text):
    """End with a message that says what to do."""
    sys.exit("accord: " + text)


def find_python():
    """Go on under a Python that is new enough, or say that there is none."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    have = "%d.%d" % sys.version_info[:2]
    if not os.environ.get("PYTHON"):
        for name in ("python3.14", "python3.13", "python3.12", "python3.11"):
            path = shutil.which(name)
            if path and runs(path):
                os.execv(path, [path, "-I", os.path.abspath(__file__)] + sys.argv[1:])
    fail(
        "Python 3.11 or newer is needed, and %s is %s. Install one "
        "(Debian, Ubuntu: apt-get install python3.11 python3.11-venv), or name it: "
        "make run PYTHON=/path/to/python3.11" % (sys.executable, have)
    )


def runs(python):
    """Whether the program starts at all (a version manager's stand-in may not)."""
    return subprocess.call([python, "-I", "-c", ""], stderr=subprocess.DEVNULL) == 0


# --- Python packages ---------------------------------------------------------------------------


def venv_is_usable():
    """Whether `.venv` was made here, and by the Python that is asked for, if one is."""
    made_by = os.path.realpath(VENV_PYTHON)
    if not os.path.exists(made_by) or read_stamp().get("base") != [made_by, ROOT]:
        return False
    return not os.environ.get("PYTHON") or made_by == os.path.realpath(sys.executable)


def virtual_environment(purpose):
    """Make `.venv` from the lock file of the purpose, unless the stamp says it is so."""
    locks = {name: file_hash(os.path.join(ROOT, path)) for name, path in LOCKS.items()}
    stamp = read_stamp()
    usable = venv_is_usable()
    if usable and stamp.get(purpose) == locks[purpose]:
        return
    if usable and all(stamp.get(name, locks[name]) == locks[name] for name in LOCKS):
        say("adding the packages for tests and checks")
    else:
        stamp = {}
        say("making .venv with Python %d.%d.%d" % sys.version_info[:3])
        make_venv()
    install(LOCKS[purpose])
    stamp["base"] = [os.path.realpath(VENV_PYTHON), ROOT]
    stamp["run"] = locks["run"]  # the lock for tests and checks holds all of it
    stamp[purpose] = locks[purpose]
    with open(VENV_STAMP, "w") as file:
        json.dump(stamp, file, indent=1)


def read_stamp():
    """What `.venv` was made from."""
    try:
        with open(VENV_STAMP) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def make_venv():
    """An empty `.venv`; says what to install where Debian has split `venv` off."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        version = "%d.%d" % sys.version_info[:2]
        fail(
            "this Python (%s) cannot make virtual environments. Debian, Ubuntu: "
            "apt-get install python3-venv (or python%s-venv); Fedora: dnf install python3-libs"
            % (sys.executable, version)
        )
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=not shutil.which("uv"), symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        fail("the virtual environment could not be made: %s" % error)


def install(lock):
    """Install what the lock file lists, each file checked against its hash."""
    path = os.path.join(ROOT, lock)
    env = dict(os.environ, VIRTUAL_ENV=VENV, PIP_DISABLE_PIP_VERSION_CHECK="1")
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--compile-bytecode"]
        command += ["--require-hashes", "-r", path]
    else:
        if not os.path.exists(os.path.join(VENV, "bin", "pip")):
            subprocess.check_call([VENV_PYTHON, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
        command = [VENV_PYTHON, "-m", "pip", "install", "-qq", "--no-input"]
        command += ["--require-hashes", "-r", path]
    say("installing %s (%s)" % (lock, "uv" if uv else "pip"))
    if subprocess.call(command, env=env, cwd=ROOT) != 0:
        fail("the Python packages of %s could not be installed; see above." % lock)


# --- Front-end packages ------------------------------------------------------------------------


def node_packages():
    """Install what package-lock.json lists, unless the stamp says it is so."""
    wanted = file_hash(os.path.join(ROOT, "package-lock.json"))
    try:
        with open(NODE_STAMP) as file:
            if file.read() == wanted:
                return
    except OSError:
        pass
    check_node()
    env = dict(os.environ)
    home = env.get("HOME", "")
    if not (home and os.path.isdir(home) and os.access(home, os.W_OK)):
        env["npm_config_cache"] = os.path.join(ROOT, "var", "cache", "npm")
    say("installing the front-end packages (npm ci)")
    command = [shutil.which("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    command.append("--loglevel=error")
    if subprocess.call(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL) != 0:
        fail("the front-end packages could not be installed; see above.")
    with open(NODE_STAMP, "w") as file:
        file.write(wanted)


def check_node():
    """Node and npm are there and new enough, or say what to install."""
    how = "Install Node.js 20 or newer with npm (nodejs.org, or your system's packages)."
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        fail("%s is not on the PATH. %s" % ("npm" if node else "Node.js", how))
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    try:
        major = int(version.lstrip("v").split(".")[0])
    except ValueError:
        fail("`node --version` says %r. %s" % (version, how))
    if major < OLDEST_NODE:
        fail("this is Node.js %s. %s" % (version, how))


# --- Settings ----------------------------------------------------------------------------------


def dot_env():
    """Write .env once, with a secret of this checkout's own."""
    path = os.path.join(ROOT, ".env")
    if os.path.exists(path):
        return
    lines = [
        "# Settings of this checkout; never committed. config/settings.py says what may be set.",
        "SECRET_KEY=" + secrets.token_urlsafe(50),
        "SITE_URL=http://localhost:8000",
        "",
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines))
    say("wrote .env with a new secret key")


def file_hash(path):
    """The content of a file as one short text."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


if __name__ == "__main__":
    main()
