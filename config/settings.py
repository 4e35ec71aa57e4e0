"""Settings, read from the environment and from `.env` (which the environment outranks).

What may be set:

=================  ===========================================================================
SECRET_KEY         required; `make setup` writes a random one into `.env`
DEBUG              off unless 1
SITE_URL           the address users see, default https://localhost; https turns on what https
                   allows (redirect, HSTS, secure cookies), http leaves it off
TRUST_PROXY        1: believe `X-Forwarded-Proto` and the last address of `X-Forwarded-For`; only
                   behind a proxy that sets both itself
DATABASE_URL       default: SQLite in var/; `postgres://user:password@host:5432/name`
REDIS_URL          default: the embedded queue's socket in var/; `redis://host:6379/0`
VAR_DIR            where databases, sockets, logs and collected files go, default var/
STATIC_FROM_SOURCE 1: serve static files from where they lie, without collectstatic
CONSTANT_USD_YEAR  of which year constant US dollars are, default 2023; then `manage.py recount`
NEWS_LEASE_SECONDS after how long a dead worker's document is given to another, default 30
API_RATE           how often one address may ask the API, default 120/minute; `off`: ever so often
API_RATE_SIGNED_IN the same for one person who is logged in, default 600/minute
EMAIL_URL          the mail server: smtp://, smtp+tls:// or smtp+ssl://user:password@host:port;
                   without one no mail is sent (with DEBUG it is printed, `make run` keeps it in var/)
MAIL_FROM          the sender of mails, default accord@ the host of SITE_URL
DIGEST_HOUR        the hour (UTC) from which on the daily mails are sent, default 6
DIGEST_EVERY       after how many seconds it is looked again whose mail is due, default 600
LOG_LEVEL          default INFO
=================  ===========================================================================
"""

import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# Where this machine's own files go; nothing under it is committed.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)


# --- Secret ------------------------------------------------------------------------------------


def _secret_key() -> str:
    """The signing key; refuses to start without one, or with one that others know."""
    # Not through env, which takes a value that begins with $ for the name of another variable.
    key = os.environ.get("SECRET_KEY", "")
    how = (
        "Put a long random one into the environment or into .env; `make setup` does so, "
        'or: python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
    if not key:
        raise ImproperlyConfigured(f"SECRET_KEY is not set. {how}")
    if not DEBUG:
        known = ("django-insecure", "changeme", "change-me", "secret", "insecure", "example")
        if len(key) < 50 or len(set(key)) < 5 or key.lower().startswith(known):
            raise ImproperlyConfigured(
                f"SECRET_KEY is too short (50 characters at least) or well known. {how}"
            )
    return key


SECRET_KEY = _secret_key()


# --- Address and https -------------------------------------------------------------------------

SITE_URL = env.str("SITE_URL", default="https://localhost").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname:
    raise ImproperlyConfigured(
        f"SITE_URL must be a full address such as https://accord.example.org, not {SITE_URL!r}."
    )
ALLOWED_HOSTS = list(dict.fromkeys([_site.hostname, "localhost", "127.0.0.1", "[::1]"]))
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]

_https = _site.scheme == "https"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes come over plain http
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
TRUST_PROXY = env.bool("TRUST_PROXY", default=False)
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# A session ends with the browser, for machines that several people use, and after a working day.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts find the token in the forms
CSRF_COOKIE_SAMESITE = "Lax"
if _https:
    # Browsers take a cookie of such a name from this host alone, and over https alone.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# No inline script, no inline style, nothing from another host.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}


# --- Application -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    # Above staticfiles: runserver then serves static files as production does.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "django_htmx",
    "csp",
    "axes",
    # Each imports only those above it.
    "partners",
    "initiatives",
    "initiatives.funding",
    "initiatives.news",
    "initiatives.desk",
    "dashboards",
    "dashboards.watching",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "dashboards.api.middleware.for_programs",
    # Behind the language, which is part of what is tagged, and before all that costs more than it.
    "dashboards.freshness.told_if_unchanged",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # The innermost: it puts the page of a locked account in the place of the login form.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.context.site",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # a form's fields, without its files
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a long sheet has twenty fields a row
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # larger files are spooled to disk
# The largest news file that is read at all.
NEWS_MAX_BYTES = 5_000_000
# One article supports so many records at most: a document is one transaction, and on SQLite
# everybody else who writes waits for its end.
NEWS_MAX_RECORDS = env.int("NEWS_MAX_RECORDS", default=500)

# Constant US dollars are those of this year.
CONSTANT_USD_YEAR = env.int("CONSTANT_USD_YEAR", default=2023)


# --- Logging in --------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses a locked account before the password is read
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# Five wrong passwords lock an account for whoever comes from that address, and for nobody else:
# so no one is kept out by a stranger who guesses.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the time that the page names holds
AXES_CLIENT_IP_CALLABLE = "dashboards.views.account.client_address"
AXES_LOCKOUT_CALLABLE = "dashboards.views.account.locked_out"
AXES_DISABLE_ACCESS_LOG = True  # who logged in from where is not kept
AXES_VERBOSE = False


# --- Database ----------------------------------------------------------------------------------


def _database(url: str) -> dict[str, Any]:
    """The connection for DATABASE_URL: PostgreSQL, or SQLite set up for several processes."""
    database: dict[str, Any] = environ.Env.db_url_config(url)
    engine = database["ENGINE"]
    if engine == "django.db.backends.postgresql":
        database.setdefault("CONN_MAX_AGE", 60)
        # A socket's folder is written %2Frun%2Fpostgresql in the address.
        database["HOST"] = unquote(database["HOST"])
        database["CONN_HEALTH_CHECKS"] = True
        # A worker whose machine has vanished in mid-import does not keep its locks for hours.
        database.setdefault("OPTIONS", {}).setdefault(
            "options", "-c idle_in_transaction_session_timeout=120s"
        )
    elif engine == "django.db.backends.sqlite3":
        # A relative path is relative to the checkout, wherever the command was started.
        if database["NAME"] != ":memory:":
            database["NAME"] = str(BASE_DIR / database["NAME"])
        database["OPTIONS"] = {
            # Readers do not wait for the writer; a writer takes its lock at the start of its
            # transaction and waits for the one before it instead of failing half-way.
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            ),
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        } | database.get("OPTIONS", {})
    else:
        raise ImproperlyConfigured(
            f"DATABASE_URL names {engine}; Accord runs on sqlite:/// and postgres://."
        )
    return database


DATABASES = {
    "default": _database(
        env.str("DATABASE_URL", default="") or "sqlite:///" + quote(str(VAR_DIR / "accord.sqlite3"))
    )
}


# --- Queue -------------------------------------------------------------------------------------


def _queue_socket() -> Path:
    """Where the embedded queue listens: var/, or a short path where the system forbids long ones."""
    path = VAR_DIR / "queue.sock"
    if len(os.fsencode(path)) <= 100:  # sun_path holds 104 to 108 bytes
        return path
    digest = hashlib.sha256(os.fsencode(VAR_DIR)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"accord-{os.getuid()}-{digest}" / "queue.sock"


def _broker_url(url: str) -> str:
    """A Redis address as kombu spells it: `unix://` sockets are `redis+socket://`."""
    return url.replace("unix://", "redis+socket://", 1) if url.startswith("unix://") else url


QUEUE_SOCKET = _queue_socket()
# As redis-py spells it; for what asks the server itself, such as /healthz.
REDIS_URL_IS_EMBEDDED = not env.str("REDIS_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="") or "unix://" + quote(str(QUEUE_SOCKET))
REDIS_URL = REDIS_URL.replace("redis+socket://", "unix://", 1)

# How long a worker that has claimed a document may take to begin with it. Once begun, the import's
# transaction keeps others away, so this need not grow with the documents.
NEWS_LEASE_SECONDS = env.float("NEWS_LEASE_SECONDS", default=30)

# A message only says "look at row N": the rows are the truth, and a task can run twice.
CELERY_BROKER_URL = _broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # above the longest chunk, or it is started a second time
    # Look for what a dead worker left behind every few seconds, not every few minutes.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Publishing to a queue that is down fails in seconds; the sweeper sends it again.
    "socket_connect_timeout": 5,
    "socket_timeout": 30,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0.2, "interval_max": 0.5}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 900  # a task that hangs is killed; the sweeper has another try it
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
DIGEST_EVERY = env.float("DIGEST_EVERY", default=600)
CELERY_BEAT_SCHEDULE = {
    # Re-queues what a dead worker held and sends again what nobody claimed.
    "sweep imports": {
        "task": "initiatives.news.tasks.sweep",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    # What was changed since is compared by reading it: the longer ago, the slower a search.
    "catch up search": {
        "task": "initiatives.tasks.catch_up_search",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    # Looks who has not had today's mail: what could not be sent is tried again.
    "send digests": {
        "task": "dashboards.watching.tasks.send_digests",
        "schedule": DIGEST_EVERY,
        "options": {"expires": DIGEST_EVERY},
    },
}


# --- API ---------------------------------------------------------------------------------------

# What all processes count together stands on the queue's server; nothing else is cached there.
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "shared": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "accord",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    },
}


def _rate(name: str, default: str) -> tuple[int, int] | None:
    """How many requests in how many seconds; None: as many as they like."""
    text = env.str(name, default=default)
    if text == "off":
        return None
    number, _, period = text.partition("/")
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}.get(period)
    if seconds is None or not number.isdecimal() or not int(number):
        raise ImproperlyConfigured(f"{name} must be like 120/minute, or off; not {text!r}.")
    return int(number), seconds


API_RATES = {
    "anonymous": _rate("API_RATE", "120/minute"),
    "signed in": _rate("API_RATE_SIGNED_IN", "600/minute"),
}
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_AUTHENTICATION_CLASSES": [],  # whoever is signed in sees what everybody sees
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_THROTTLE_CLASSES": ["dashboards.api.throttling.Rate"],
    "DEFAULT_SCHEMA_CLASS": "dashboards.api.schema.Operation",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "dashboards.api.errors.answer",
    "SCHEMA_COERCE_PATH_PK": False,
    "URL_FORMAT_OVERRIDE": None,  # `format` is no parameter here
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Accord",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": ["dashboards.api.schema.complete"],
}
# --- Mail --------------------------------------------------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", default="") or ("consolemail://" if DEBUG else "")
# Whether there is a way to send mail; pages say so where there is none.
SENDS_MAIL = bool(EMAIL_URL)
_mail = environ.Env.email_url_config(EMAIL_URL or "dummymail://")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"] or "localhost", _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = VAR_DIR / "mail"  # of filemail://
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default=f"Accord <accord@{_site.hostname}>")
DIGEST_HOUR = env.int("DIGEST_HOUR", default=6)
if not 0 <= DIGEST_HOUR <= 23:
    raise ImproperlyConfigured(f"DIGEST_HOUR must be an hour from 0 to 23, not {DIGEST_HOUR}.")


# --- Static files ------------------------------------------------------------------------------

STATIC_FROM_SOURCE = env.bool("STATIC_FROM_SOURCE", default=DEBUG)
STATIC_URL = "static/"
# Where collectstatic puts them; from source there is nothing to collect.
STATIC_ROOT = None if STATIC_FROM_SOURCE else VAR_DIR / "static"
STATICFILES_DIRS: list[Any] = [
    BASE_DIR / "static",
    # Front-end packages are served from where npm put them, only their dist folders.
    ("vendor/chartjs", BASE_DIR / "node_modules" / "chart.js" / "dist"),
    (
        "vendor/chartjs-chart-sankey",
        BASE_DIR / "node_modules" / "chartjs-chart-sankey" / "dist",
    ),
    ("vendor/chartjs-chart-geo", BASE_DIR / "node_modules" / "chartjs-chart-geo" / "build"),
    ("vendor/chartjs-chart-graph", BASE_DIR / "node_modules" / "chartjs-chart-graph" / "build"),
    ("vendor/chartjs-chart-matrix", BASE_DIR / "node_modules" / "chartjs-chart-matrix" / "dist"),
    ("vendor/world-atlas", BASE_DIR / "node_modules" / "world-atlas"),
]
STATICFILES_FINDERS = [
    "config.static_files.NeededFiles",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_USE_FINDERS = STATIC_FROM_SOURCE
WHITENOISE_AUTOREFRESH = DEBUG
# What browsers ask for is compressed; source maps and type declarations only take time.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map", "ts", "cjs")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if STATIC_FROM_SOURCE
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}


# --- Log ---------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers would say everything a second time.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
    },
}
