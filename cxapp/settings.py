"""Django settings. What an installation may choose comes from ``cxapp.config``."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
import psutil
import structlog
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from cxapp import storefront
from cxapp.config import BASE_DIR, Config
from cxapp.email import email_settings
from cxapp.embedded import urls as embedded_urls
from cxapp.secrets import installation_secret

# ModelAdmin, Manager, Field … become subscriptable at run time, as mypy --strict wants them.
django_stubs_ext.monkeypatch()

config = Config()
VAR_DIR: Path = config.var_dir
DEBUG = config.debug
SECRET_KEY = config.secret_key or installation_secret(VAR_DIR)
ALLOWED_HOSTS = config.allowed_hosts
PUBLIC_URL = config.base_url
if host := urlsplit(PUBLIC_URL).hostname:
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "cxapp",
    "insights",
    "campaigns",
    "promotions",
    "recommendations",
    "feedback",
    "orders",
    "customers",
    "catalog",
    "core",
    "merchants",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.FragmentLoginMiddleware",
    "core.middleware.FragmentMessagesMiddleware",
]

ROOT_URLCONF = "cxapp.urls"
WSGI_APPLICATION = "cxapp.wsgi.application"

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
                "csp.context_processors.nonce",
                "core.context.shell",
            ],
            "builtins": [
                "core.templatetags.cx",
                "core.templatetags.screens",
                "template_partials.templatetags.partials",
            ],
        },
    }
]

_embedded = embedded_urls(VAR_DIR)
DATABASE_URL = config.database_url or (_embedded.database if _embedded else None)
REDIS_URL = config.redis_url or (_embedded.redis if _embedded else None)
# Without a server the system check core.E001 says what to do; the names below only let Django load.
DATABASES: dict[str, dict[str, Any]] = {
    "default": dict(dj_database_url.parse(DATABASE_URL or "postgresql://127.0.0.1:1/none"))
}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "connect_timeout": 5,
    # A statement that a person or a storefront waits for ends after 30 s; long work raises it for itself.
    "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=600000",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "merchants.Staff"

CACHES = {
    "default": {
        "BACKEND": "core.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL or "redis://127.0.0.1:1/0",
        "KEY_PREFIX": "cx",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
# Sessions are rows: a lost Redis logs nobody out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = REDIS_URL or "redis://127.0.0.1:1/0"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 6 * 3600,
    "retry_policy": {"timeout": 2.0},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "recommendations.tasks.train*": {"queue": "training"},
    "orders.tasks.value_customers": {"queue": "training"},
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "drain-deliveries": {"task": "core.tasks.drain_deliveries", "schedule": 5.0, "options": {"expires": 5}},
    "send-messages": {"task": "campaigns.tasks.send_due_messages", "schedule": 10.0, "options": {"expires": 10}},
    "resume-jobs": {"task": "core.tasks.resume_jobs", "schedule": 30.0, "options": {"expires": 30}},
    "create-event-partitions": {"task": "customers.tasks.create_event_partitions", "schedule": 24 * 3600.0},
    "apply-retention": {"task": "customers.tasks.apply_retention", "schedule": 24 * 3600.0},
    "find-duplicates": {"task": "customers.tasks.find_all_duplicates", "schedule": 24 * 3600.0},
    "forget-old-records": {"task": "core.tasks.forget_old_records", "schedule": 24 * 3600.0},
    "forget-unconfirmed": {"task": "campaigns.tasks.forget_unconfirmed_questions", "schedule": 24 * 3600.0},
    "forget-old-files": {"task": "customers.tasks.forget_old_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "value-customers-nightly": {
        "task": "orders.tasks.start_due_valuations",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "write-down-searches": {
        "task": "recommendations.search.tasks.write_down_searches",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "index-products": {
        "task": "recommendations.search.tasks.index_all_stale",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "fold-recommendation-events": {
        "task": "recommendations.measuring.tasks.fold_recommendation_events",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "report-recommendations": {
        "task": "recommendations.measuring.tasks.report_recommendations",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "expire-reservations": {
        "task": "promotions.tasks.expire_reservations",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "publish-prices": {
        "task": "promotions.tasks.publish_begun_prices",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "turn-points": {"task": "promotions.tasks.turn_points", "schedule": 300.0, "options": {"expires": 300}},
    "reward-reviews": {
        "task": "promotions.tasks.reward_reviews",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "review-loyalty": {"task": "promotions.tasks.review_loyalty", "schedule": 24 * 3600.0},
    "figure-promotions": {"task": "promotions.tasks.figure_promotions", "schedule": 24 * 3600.0},
    "train-nightly": {
        "task": "recommendations.tasks.start_due_trainings",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "refresh-models": {
        "task": "recommendations.tasks.start_due_refreshes",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}

EMAIL = email_settings(config.email_url)
EMAIL_BACKEND = EMAIL.backend
EMAIL_HOST, EMAIL_PORT = EMAIL.host, EMAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL.user, EMAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = EMAIL.starttls, EMAIL.ssl, 20
DEFAULT_FROM_EMAIL = f"cxapp <no-reply@{urlsplit(PUBLIC_URL).hostname or 'localhost'}>"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = None
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "cxapp.staticfiles.AppFilesFinder",
    "cxapp.staticfiles.NodeModulesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "files"}},
    "staticfiles": {"BACKEND": "cxapp.staticfiles.HashedStorage"},
}
WHITENOISE_ADD_HEADERS_FUNCTION = storefront.add_headers
ICON_DIR = BASE_DIR / "node_modules/@tabler/icons/icons/outline"
MODELS_DIR = VAR_DIR / "models"
# What one training may take, in bytes: by default three quarters of the machine, so that the rest of it goes on.
TRAINING_MEMORY = (
    config.training_memory_mb * 1024**2 if config.training_memory_mb else psutil.virtual_memory().total * 3 // 4
)

LOGIN_URL = "account_login"
LOGIN_PATH = "/accounts/"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "merchants.accounts.InvitationOnlyAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by owners and administrators, never by sign-up
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_SESSION_REMEMBER = None
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"  # the message preview is a sandboxed frame of our own origin
_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 31536000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if config.trust_proxy else None
# The body of an API request may be 1 MB (core.api.parsers); uploads stream to disk.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/api/docs/"],
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        # Tabler's progress bars and uPlot size themselves with style attributes.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:", "https:", PUBLIC_URL],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}

API_REQUESTS_PER_SECOND = config.api_requests_per_second
API_MAX_BODY_BYTES = 1_000_000
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttling.KeyRateThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "cxapp API",
    "DESCRIPTION": "Storefronts send facts (products, orders) and ask for recommendations. "
    "Authenticate with `Authorization: Bearer sk_…`. Amounts are integers in minor units.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "RedemptionStateEnum": "promotions.models.Redemption.State",
        "OrderChannelEnum": "orders.models.Order.Channel",
        "OrderStateEnum": "orders.models.Order.State",
        "PrivacyRequestChannelEnum": "customers.models.PrivacyRequest.Channel",
        "PrivacyRequestKindEnum": "customers.models.PrivacyRequest.Kind",
        "PrivacyRequestStateEnum": "customers.models.PrivacyRequest.State",
        "PurposeEnum": "customers.models.Purpose",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.schema.add_problem_responses",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.dev.ConsoleRenderer(colors=False) if DEBUG else structlog.processors.JSONRenderer(),
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": config.log_level},
    "loggers": {"django_structlog": {"level": "WARNING"}, "celery": {"level": "WARNING"}},
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # an address is personal data
DJANGO_STRUCTLOG_COMMAND_LOGGING_ENABLED = False

# What recommendations are answered from is read again beside the answers, by a thread of the process.
RECOMMENDATIONS_RENEW_ASIDE = True

# One arithmetic thread per web process; a training raises its own limit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
