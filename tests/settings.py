"""Settings of the tests: those of the site, with what makes tests quick and separate.

DATABASE_URL and REDIS_URL are honoured, so the same tests run on PostgreSQL and a real Redis
(`python -m tests.servers -- pytest`). Every pytest-xdist process has a queue of its own.
"""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")  # main, gw0, gw1 ...
_var = Path(__file__).resolve().parent.parent / "var" / "test" / _worker

# The environment outranks .env: the tests do not depend on what a developer keeps there.
os.environ.setdefault("SECRET_KEY", get_random_secret_key())
os.environ.setdefault("DATABASE_URL", "")
os.environ.setdefault("REDIS_URL", "")
os.environ.setdefault("EMAIL_URL", "")
os.environ.update(
    SITE_URL="http://localhost",
    DEBUG="0",
    TRUST_PROXY="0",
    STATIC_FROM_SOURCE="1",
    LOG_LEVEL="WARNING",
    API_RATE="off",
    API_RATE_SIGNED_IN="off",
    VAR_DIR=str(_var),
)
# Playwright's synchronous API runs an event loop in the thread that also asks the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
if os.environ["REDIS_URL"].endswith("/0") and _worker.startswith("gw"):
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'][:-1]}{int(_worker[2:]) + 1}"

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, VAR_DIR  # noqa: E402

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that locking between threads and processes is the real one; xdist adds _gw0 ...
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
