"""Every setting of the platform. The environment is read here, once, typed; `.env.example` lists it.

With `DATABASE_URL` or `REDIS_URL` unset that server is the embedded one, which `make up` starts.
"""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.conf import global_settings

from config import audio_bucket, embedded, logging, single_sign_on

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.FileAwareEnv()  # NAME_FILE is read where NAME is not given, for secrets

# --- Where things are -------------------------------------------------------------------------

VOXHOUSE_HOME = Path(env.str("VOXHOUSE_HOME", default=str(BASE_DIR / "var"))).resolve()
HOST: str = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
VOXHOUSE_WORKERS = env.int("VOXHOUSE_WORKERS", default=0)  # processes; 0 is one a core

DATABASE_URL: str = env.str("DATABASE_URL", default="")
REDIS_URL: str = env.str("REDIS_URL", default="") or embedded.valkey_url(VOXHOUSE_HOME)
AUDIO_ROOT = Path(env.str("AUDIO_ROOT", default=str(VOXHOUSE_HOME / "audio"))).resolve()
# Where our nginx has AUDIO_ROOT for itself: it sends stored audio, once we have looked whose it is (X-Accel-Redirect).
AUDIO_ACCEL: str = env.str("AUDIO_ACCEL", default="")
SENTENCES_ROOT = AUDIO_ROOT / "sentences"  # where the audio is shared, whoever deletes finds all
# Finished audio lies in a bucket where one is named; AUDIO_ROOT is then for drafts and sentences. See docs/storage.md.
AUDIO_BUCKET: str = env.str("AUDIO_BUCKET", default="")
STORAGES = {
    **global_settings.STORAGES,
    **({"audio": audio_bucket.bucket_storage(env, AUDIO_BUCKET)} if AUDIO_BUCKET else {}),
}

# --- Django -----------------------------------------------------------------------------------

SECRET_KEY: str = env.str("SECRET_KEY", default="") or embedded.secret_key(VOXHOUSE_HOME, own_database=not DATABASE_URL)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Addresses and networks of reverse proxies, whose X-Forwarded-For and -Proto are believed; nobody's by default.
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
# How long a connection stays open without a request: longer than common clients and our nginx keep one, so that
# it is they who close it, and none sends a request into a connection that is just being closed.
KEEP_ALIVE = timedelta(seconds=20)
WEB_LEAVES_WITHIN = timedelta(minutes=10)  # on SIGTERM; a stream goes on until its listener has it all

# Production, where people come by TLS, which a reverse proxy ends: cookies travel by nothing else, and browsers
# are told, for a year, to come by nothing else. Off, for `make up` is reached by http://127.0.0.1.
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked behind the proxy
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # browsers ship no company's inner host in their lists of HSTS

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",  # of allauth's list of passkeys
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "accounts",
    "webhooks",
    "billing",
    "tts_engine",
    "api",
    "console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.headers.browser_policies",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.second_factor.OperatorsNeedASecondFactor",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

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
                "console.operators.visits.visit",
            ],
        },
    },
]

DATABASE_CONNECTIONS = 12  # of one process, at most

# The pool keeps a burst of requests from opening a connection each; psycopg waits for a free one.
DATABASES = {
    "default": {
        **(embedded.given_database(env.db_url("DATABASE_URL")) if DATABASE_URL else embedded.database(VOXHOUSE_HOME)),
        # Statements that are asked again are prepared, which halves PostgreSQL's part of a repeat.
        "OPTIONS": {
            "pool": {"min_size": 0, "max_size": DATABASE_CONNECTIONS, "timeout": 30},
            "server_side_binding": True,
            "prepare_threshold": 5,
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "accounts.adapters.InvitedOnlyAdapter"
# Wrong passwords: of one address, and of one name from one address; see docs/signing-in.md.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key"}

MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # a code of the 30 s before or after is good: clocks of telephones differ
# Whoever sees every team's figures needs more than a password; off, so that the first start's password suffices.
OPERATORS_NEED_MFA = env.bool("OPERATORS_NEED_MFA", default=False)

# Single sign-on by OpenID Connect, there where an issuer is named.
OIDC_ISSUER = single_sign_on.issuer(env.str("OIDC_ISSUER", default=""), env.str("OIDC_CLIENT_ID", default=""))
OIDC_CLIENT_ID: str = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET: str = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME: str = env.str("OIDC_NAME", default="SSO")  # what the button of the sign-in page calls it
# Domains whose people become members when they first come: example.org=TEAM:ROLE, by comma.
OIDC_JOIN = single_sign_on.joining(env.list("OIDC_JOIN", default=[]))
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form's way to another host is closed by the content security policy
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True  # the next time they are known by the provider's own id
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True  # connecting and disconnecting ask for the password again

API_KEYS = 200  # of one team, that work
WRONG_KEYS_PER_MINUTE = 20  # of one address, told to one web process; beyond, it is answered 429 without a look
WRONG_KEY_REFUSALS_PER_SECOND = 50  # that one web process gives such an address; the others wait for their turn
KEY_LOOKUP_INTERVAL = timedelta(milliseconds=500)  # between two looks for keys that such an address sends
API_KEY_LONGEST_GRACE = timedelta(days=30)  # that a replaced key may work beside the new one
ALERT_ADDRESSES = 10  # beside owners and admins, that a team's alerts are mailed to
INVITATIONS = 50  # of one team, that can still be accepted
INVITATION_DAYS = (1, 7, 30)  # that an inviter may choose from

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # served from where they lie: no collectstatic between clone and start

# Pages run the project's own files and nothing that slipped into one of them; nobody else's page frames them.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

HEAD_WITHIN = timedelta(seconds=30)  # for the head of a new connection's first request; then it is closed

# A whole request body; the longest text allowed is far below it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- What the platform tells of itself: docs/observability.md -----------------------------------

LOG_FORMAT: str = env.str("LOG_FORMAT", default="")  # json, text; unset: text at a terminal, JSON elsewhere
LOG_TEXT_CHARACTERS = env.int("LOG_TEXT_CHARACTERS", default=200)  # of each text that is spoken; 0: its hash alone
LOGGING = logging.configure(LOG_FORMAT)
OTEL_EXPORTER_OTLP_ENDPOINT: str = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")  # unset, nothing is traced
OTEL_SERVICE_NAME: str = env.str("OTEL_SERVICE_NAME", default="voxhouse")

# --- Mail -------------------------------------------------------------------------------------

# smtp://user:password@host:25, smtp+tls://…, smtp+ssl://…; unset, no mail leaves, and the log tells of each.
if EMAIL_URL := env.str("EMAIL_URL", default=""):
    vars().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "config.unsent_mail.UnsentMail"
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="voxhouse@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = "[Voxhouse] "
ADMINS = [("operator", address) for address in env.list("ADMINS", default=[])]  # who hears when accounts disagree

# --- The API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.ApiKeyAuthentication",
        "api.authentication.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.DoorSchema",
    "EXCEPTION_HANDLER": "api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Voxhouse",
    "DESCRIPTION": "Mandarin speech for internal teams. OpenAI clients work with nothing but `base_url`.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {  # where members of one name have several sets of choices, or one set several names
        "AudioFormat": "tts_engine.speech.audio.formats.FORMATS",
        "DeliveryStatus": ["pending", "delivered", "failed"],
        "InputType": "tts_engine.models.InputType.choices",
        "JobStatus": "tts_engine.jobs.models.JobStatus.choices",
        "Label": "tts_engine.models.Labelling.values",
        "LabelMade": "tts_engine.models.Labelling.choices",
        "SynthesisStatus": "tts_engine.models.Status.values",
        "SynthesisStatusMade": "tts_engine.models.Status.choices",
        "WrittenAs": ["text", "ssml"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}

SPEECH_MAX_CHARACTERS = 4096  # OpenAI's limit for `input`
HISTORY_LOOK = 10_000  # rows of the history that one page looks through for what is wanted
HISTORY_DOWNLOAD_MOST = 1000  # recordings of one archive
MOST_SILENCE_MS = 10_000  # that a request may have put before or after its speech
SPEECH_WAIT = timedelta(minutes=10)  # how long a caller is kept waiting for the next audio
MODEL_ALIASES = ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"]
VOICE_ALIASES = {
    "alloy": "xiaoxiao",
    "ash": "yunjian",
    "ballad": "yunxia",
    "coral": "xiaoyi",
    "echo": "yunxi",
    "fable": "yunyang",
    "onyx": "yunjian",
    "nova": "xiaobei",
    "sage": "xiaoxiao",
    "shimmer": "xiaoyi",
    "verse": "yunxia",
    "marin": "xiaobei",
    "cedar": "yunyang",
}
# What SSML and voice tags may ask for, so that a small request cannot make much work or endless audio.
MARKUP_MAX_CHARACTERS = 65_536  # of a text with its tags; what is spoken of it has SPEECH_MAX_CHARACTERS
SSML_MAX_ELEMENTS = 2_000
SSML_MAX_DEPTH = 32  # elements inside each other
SCRIPT_LONGEST_PAUSE = timedelta(seconds=20)  # Azure's too
SCRIPT_MOST_SILENCE = timedelta(minutes=10)  # of all pauses that are asked for
SCRIPT_MOST_CLIPS = 20  # recordings in one text
CAST_MOST = 50  # names in voice_aliases
DEFAULT_VOICE = env.str("VOXHOUSE_DEFAULT_VOICE", default="xiaoxiao")  # what a worker loads at its start

METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")  # unset, /metrics answers this machine alone
METRICS_TENANTS = env.int("METRICS_TENANTS", default=100)  # the month's busiest teams, which have series of their own

# --- The operators' pages -----------------------------------------------------------------------

OPERATORS_TEAMS = 100  # that a page lists at once; the others are found by their name
SAVINGS_MONTHS = 12  # that savings are added up over
VISIT_LASTS = timedelta(minutes=30)  # an operator's look at a team's console, before it must be begun anew
PRICE_BOOK_BYTES = 500_000  # of a price book that is uploaded

# --- The engine -------------------------------------------------------------------------------

# A worker renews its lease while it works; a row whose lease ran out goes to another worker.
LEASE = timedelta(seconds=15)
LEASE_RENEWAL = timedelta(seconds=4)
SWEEP_INTERVAL = timedelta(seconds=5)
WORKER_LEAVES_WITHIN = timedelta(seconds=20)  # on SIGTERM; what it has not spoken by then it gives back
# How often a row is tried whose worker dies or whose voice fails, the last time alone in its worker. A text that
# has worn out all of them is quarantined.
MAX_ATTEMPTS = 3
RELAY_KEEP = timedelta(minutes=10)  # how long encoded chunks stay in Valkey while more are expected
RELAY_KEEP_WHOLE = timedelta(minutes=1)  # and once all are there: who reads slower takes the stored audio
# Who made the speech, as its label says: its name, or its code after 服务提供者编码规则 of TC260.
CONTENT_PRODUCER: str = env.str("CONTENT_PRODUCER", default="Voxhouse")
SENTENCE_CACHE_BYTES = env.int("SENTENCE_CACHE_BYTES", default=2 * 1024**3)  # a second of speech is 64 to 96 KB
# Free on the disk of the audio, for what is being spoken; with less nothing new is let in.
AUDIO_SPARE_BYTES = env.int("AUDIO_SPARE_BYTES", default=100 * 1024**2)
SENTENCE_WAIT = timedelta(minutes=1)  # for a sentence that another request has in work; then it is spoken anew
# Rows that one worker process has in hand; nearly all of them wait for the voice or for the network.
WORKER_THREADS = 64
LOOK_INTERVAL = timedelta(milliseconds=250)  # between two looks at the queue of a worker that nobody woke
# A request that would wait longer for its turn is refused; it is jobs' lot to wait (priority above 0).
QUEUE_LONGEST = timedelta(seconds=env.int("QUEUE_LONGEST", default=60))
TIDY_INTERVAL = timedelta(minutes=1)
RETENTION_INTERVAL = timedelta(hours=1)  # between two looks for what teams keep no longer
ORPHANS_AFTER = timedelta(hours=1)  # files that no row names are deleted at night once they are as old
IDEMPOTENCY_KEEP = timedelta(hours=24)  # how long a request sent again with its Idempotency-Key is known

# --- Pronunciation dictionaries -----------------------------------------------------------------

DICTIONARY_ENTRIES = 10_000  # of one team, and rows of a table that is imported
DICTIONARY_WORD_CHARACTERS = 50
DICTIONARY_VALUE_CHARACTERS = 300  # of what is said in a word's place, or of its pinyin
DICTIONARY_TABLE_BYTES = 1_000_000  # of a table that is imported; bodies have at most DATA_UPLOAD_MAX_MEMORY_SIZE
DICTIONARY_VERSIONS = 100  # kept of one team's
DICTIONARY_SPOKEN_CHARACTERS = 2 * SPEECH_MAX_CHARACTERS  # of a text once its words are replaced

# --- Jobs -------------------------------------------------------------------------------------

JOB_MAX_CHARACTERS = 1_000_000  # of one long text
JOB_MAX_ROWS = 100_000  # of one table
JOB_PART_CHARACTERS = 1000  # a long text is cut into parts of so many at most: what is lost with a worker
JOB_MAX_TABLE_CHARACTERS = 20_000_000  # of all texts of one table, 200 a row
JOB_MAX_COLUMNS = 100  # of a table in a file
JOB_UNPACKED_BYTES = 256 * 1024**2  # of all that an EPUB or XLSX has packed and that is read of it
JOB_BODY_BYTES = 32 * 1024**2  # of a request that makes a job: its texts, or the files they are in

# --- Webhooks ---------------------------------------------------------------------------------

# Networks outside the public one, such as 10.20.0.0/16, that teams may have messages sent to.
WEBHOOK_ALLOW_NETWORKS = [ip_network(network) for network in env.list("WEBHOOK_ALLOW_NETWORKS", default=[])]
WEBHOOK_ALLOW_HTTP = env.bool("WEBHOOK_ALLOW_HTTP", default=False)  # without TLS too
WEBHOOK_ENDPOINTS = 10  # of one team
WEBHOOK_TIMEOUT = timedelta(seconds=15)  # for a whole exchange
# How long to wait before each attempt, counted from the end of the one before; Standard Webhooks' own.
WEBHOOK_SCHEDULE = [
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
]
WEBHOOK_FAILING = timedelta(days=5)  # after which an endpoint that accepted nothing is switched off
WEBHOOK_ROTATION = timedelta(hours=24)  # how long a secret that was replaced signs beside the new one
WEBHOOK_KEEP = timedelta(days=30)  # how long messages are in the log and can be replayed
WEBHOOK_SENDERS = 8  # threads of a worker process
WEBHOOK_AT_ONCE = 2  # messages on their way to one endpoint
WEBHOOK_LEASE = timedelta(seconds=60)  # well beyond the timeout and the resolver's own

# --- Delivery of files, by the rules of webhooks wherever nothing is said here ------------------

DELIVERY_DESTINATIONS = 10  # of one team
DELIVERY_TIMEOUT = timedelta(seconds=15)  # for putting one file, and beside it
DELIVERY_SLOWEST = 50_000  # bytes a second: the time that its size takes at this pace
DELIVERY_SENDERS = 8  # threads of a worker process
DELIVERY_AT_ONCE = 4  # files on their way to one destination

# --- Celery -----------------------------------------------------------------------------------

CELERY_BROKER_URL = embedded.celery_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "voxhouse"
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 4  # tasks are short; rows are spoken in threads of the engine's own
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "tts_engine.tasks.sweep",
        "schedule": SWEEP_INTERVAL,
        # A beat that nobody took in time is worth nothing: the next one is on its way.
        "options": {"expires": SWEEP_INTERVAL.total_seconds()},
    },
    "reconcile": {
        "task": "billing.tasks.reconcile_nightly",
        "schedule": crontab(hour=18, minute=30),  # UTC; half past two at night in China
    },
    "tidy": {
        "task": "tts_engine.tasks.tidy",
        "schedule": TIDY_INTERVAL,
        "options": {"expires": TIDY_INTERVAL.total_seconds()},
    },
    "keep_to_policies": {
        "task": "tts_engine.tasks.keep_to_policies",
        "schedule": RETENTION_INTERVAL,
        "options": {"expires": RETENTION_INTERVAL.total_seconds()},
    },
    "sweep_audio": {
        "task": "tts_engine.tasks.sweep_audio",
        "schedule": crontab(hour=19, minute=30),  # UTC; half past three at night in China
    },
    "evict": {
        "task": "tts_engine.tasks.evict",
        "schedule": TIDY_INTERVAL,
        "options": {"expires": TIDY_INTERVAL.total_seconds()},
    },
    "mail_alerts": {
        "task": "billing.tasks.mail_alerts",
        "schedule": TIDY_INTERVAL,
        "options": {"expires": TIDY_INTERVAL.total_seconds()},
    },
    "deliver_webhooks": {
        "task": "webhooks.tasks.deliver",
        "schedule": SWEEP_INTERVAL,
        "options": {"expires": SWEEP_INTERVAL.total_seconds()},
    },
    "deliver_files": {
        "task": "tts_engine.tasks.deliver_files",
        "schedule": SWEEP_INTERVAL,
        "options": {"expires": SWEEP_INTERVAL.total_seconds()},
    },
    "tidy_webhooks": {
        "task": "webhooks.tasks.tidy",
        "schedule": TIDY_INTERVAL,
        "options": {"expires": TIDY_INTERVAL.total_seconds()},
    },
}
