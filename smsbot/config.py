"""Settings from the environment and `.env`, checked once at start.

In dev, missing secrets are made and kept in SMSBOT_DATA; in production a missing one is an error.
"""

from __future__ import annotations

import json
import os
import secrets
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smsbot.clock import parse_offset
from smsbot.errors import ConfigError


class Env(StrEnum):
    """Where the service runs. `dev` is forgiving and open on loopback; `production` is neither."""

    DEV = "dev"
    PRODUCTION = "production"


_PROVIDER_HOSTS = {
    "africastalking_base_url": "africastalking.com",
    "twilio_base_url": "twilio.com",
}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_DATABASE_SCHEMES = ("postgres://", "postgresql://", "postgresql+psycopg://", "sqlite:///")
_MADE_SECRETS = "secrets.json"


class Settings(BaseModel):
    """Every setting, by its alias. README and docs/settings.md list them."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    env: Env = Field(Env.DEV, alias="SMSBOT_ENV")
    data: Path = Field(Path("var"), alias="SMSBOT_DATA")
    database_url: str = Field("", alias="SMSBOT_DATABASE_URL")
    redis_url: str = Field("", alias="SMSBOT_REDIS_URL")
    secret_key: str = Field("", alias="SMSBOT_SECRET_KEY", repr=False)
    pii_keys: str = Field("", alias="SMSBOT_PII_KEYS", repr=False)
    public_url: str = Field("", alias="SMSBOT_PUBLIC_URL")
    channels: Path = Field(Path("channels.yaml"), alias="SMSBOT_CHANNELS")
    flows: Path = Field(Path("flows"), alias="SMSBOT_FLOWS")
    messages: Path = Field(Path("messages"), alias="SMSBOT_MESSAGES")
    web_concurrency: int = Field(2, alias="WEB_CONCURRENCY", ge=1, le=64)
    port: int = Field(8000, alias="PORT", ge=1, le=65535)
    africastalking_username: str = Field("", alias="AFRICASTALKING_USERNAME")
    africastalking_api_key: str = Field("", alias="AFRICASTALKING_API_KEY", repr=False)
    africastalking_base_url: str = Field("", alias="AFRICASTALKING_BASE_URL")
    twilio_account_sid: str = Field("", alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: str = Field("", alias="TWILIO_AUTH_TOKEN", repr=False)
    twilio_base_url: str = Field("", alias="TWILIO_BASE_URL")
    smtp_url: str = Field("", alias="SMSBOT_SMTP_URL", repr=False)
    alert_to: str = Field("", alias="SMSBOT_ALERT_TO")
    alert_webhook: str = Field("", alias="SMSBOT_ALERT_WEBHOOK", repr=False)
    metrics_token: str = Field("", alias="SMSBOT_METRICS_TOKEN", repr=False)
    approval_over: int = Field(50, alias="SMSBOT_APPROVAL_OVER", ge=0)
    canary_over: int = Field(1000, alias="SMSBOT_CANARY_OVER", ge=0)
    canary_watch: int = Field(60, alias="SMSBOT_CANARY_WATCH", ge=0, le=86_400)
    failure_pause: int = Field(20, alias="SMSBOT_FAILURE_PAUSE", ge=1, le=100)
    clock_offset: str = Field("", alias="SMSBOT_CLOCK_OFFSET")
    retention: str = Field("", alias="SMSBOT_RETENTION")
    reassigned_after_days: int = Field(180, alias="SMSBOT_REASSIGNED_AFTER_DAYS", ge=30)

    @property
    def is_dev(self) -> bool:
        """Say whether drafts, made secrets and open simulators are allowed."""
        return self.env is Env.DEV

    @property
    def effective_database_url(self) -> str:
        """Give the SQLAlchemy URL: the one that was set, else SQLite in SMSBOT_DATA."""
        url = self.database_url or f"sqlite:///{(self.data / 'smsbot.sqlite3').resolve()}"
        for plain in ("postgres://", "postgresql://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def pii_key_list(self) -> tuple[str, ...]:
        """Give the keys, the one that encrypts first."""
        return tuple(key.strip() for key in self.pii_keys.split(",") if key.strip())

    @property
    def twilio_tokens(self) -> tuple[str, ...]:
        """Give the auth tokens that are valid now: two while rotating."""
        return tuple(token.strip() for token in self.twilio_auth_token.split(",") if token.strip())


def read_environment() -> dict[str, object]:
    """Give our variables of `.env` and of the environment, which beats it."""
    ours = {field.alias for field in Settings.model_fields.values()}
    found = {**dotenv_values(".env", encoding="utf-8"), **os.environ}
    return {name: value for name, value in found.items() if name in ours and value is not None}


def load_settings(**overrides: object) -> Settings:
    """Read the environment (overrides win), make dev secrets, refuse what can't be right.

    An override is named as the field or as the variable.
    """
    fields = Settings.model_fields
    given = {
        (fields[name].alias or name) if name in fields else name: value
        for name, value in overrides.items()
        if value is not None
    }
    try:
        settings = Settings.model_validate(read_environment() | given)
    except ValidationError as fault:
        lines = [f"{error['loc'][0]}: {error['msg']}" for error in fault.errors()]
        raise ConfigError("the environment is wrong: " + "; ".join(lines)) from None
    for field, domain in _PROVIDER_HOSTS.items():
        _refuse_foreign_host(field.upper(), getattr(settings, field), domain)
    _refuse_foreign_scheme("SMSBOT_REDIS_URL", settings.redis_url, _REDIS_SCHEMES)
    _refuse_foreign_scheme("SMSBOT_DATABASE_URL", settings.database_url, _DATABASE_SCHEMES)
    parse_offset(settings.clock_offset)
    if settings.is_dev:
        return _with_made_secrets(settings)
    _refuse_unsafe_production(settings)
    return settings


def _refuse_foreign_host(name: str, url: str, domain: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    host = parts.hostname or ""
    ours = host in _LOOPBACK or host == domain or host.endswith("." + domain)
    if parts.scheme not in ("http", "https") or not ours:
        raise ConfigError(f"{name}: the host must be loopback or the provider's own ({domain})")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ConfigError(f"{name}: the provider is reached by https only")
    if parts.path.strip("/") or parts.query or parts.username:
        raise ConfigError(f"{name}: give scheme, host and port only")


def _refuse_foreign_scheme(name: str, url: str, schemes: tuple[str, ...]) -> None:
    if url and not url.startswith(schemes):
        raise ConfigError(f"{name} must start with {', '.join(schemes[:-1])} or {schemes[-1]}")


def _refuse_unsafe_production(settings: Settings) -> None:
    needed = {
        "SMSBOT_SECRET_KEY": settings.secret_key,
        "SMSBOT_PII_KEYS": settings.pii_keys,
        "SMSBOT_PUBLIC_URL": settings.public_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigError("SMSBOT_ENV=production needs " + ", ".join(missing))
    if not settings.public_url.startswith("https://"):
        raise ConfigError("SMSBOT_PUBLIC_URL must start with https:// in production")
    if settings.clock_offset:
        raise ConfigError("SMSBOT_CLOCK_OFFSET is for dev only: unset it in production")


def _with_made_secrets(settings: Settings) -> Settings:
    wanted = {
        "secret_key": settings.secret_key,
        "pii_keys": settings.pii_keys,
        "twilio_auth_token": settings.twilio_auth_token,
    }
    if all(wanted.values()):
        return settings
    made = read_made_secrets(settings.data)
    missing = {name for name, value in wanted.items() if not value}
    fresh = {name: secrets.token_urlsafe(32) for name in missing if name not in made}
    if fresh:
        made = write_made_secrets(settings.data, fresh)
    return settings.model_copy(update={name: made[name] for name in missing})


def read_made_secrets(data: Path) -> dict[str, str]:
    """Give the secrets that dev made before, by name."""
    try:
        found = json.loads((data / _MADE_SECRETS).read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise ConfigError(f"{data / _MADE_SECRETS} is not JSON: restore or delete it") from None
    return {str(name): str(value) for name, value in found.items()}


def write_made_secrets(
    data: Path, fresh: dict[str, str], *, replace: bool = False
) -> dict[str, str]:
    """Keep new secrets beside the old, readable by the owner alone.

    A racing process's win stays, unless `replace` says that the new ones are meant to win.
    """
    data.mkdir(parents=True, exist_ok=True)
    path = data / _MADE_SECRETS
    lock = data / (_MADE_SECRETS + ".lock")
    with lock.open("w") as held:
        _lock_exclusively(held.fileno())
        known = read_made_secrets(data)
        made = known | fresh if replace else fresh | known
        partial = path.with_suffix(".new")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file, indent=1)
        partial.replace(path)
    return made


def _lock_exclusively(descriptor: int) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX)
