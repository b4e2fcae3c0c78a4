"""What the environment decides, read once."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """This will hold every decision that belongs to the installation, not to the code.

    Each field is read from the variable ``RAVAND_<NAME>`` (or a ``.env`` file); the two addresses that every host
    names the same way are also read as ``DATABASE_URL`` and ``REDIS_URL``.
    """

    model_config = SettingsConfigDict(
        env_prefix="RAVAND_", env_file=".env", env_parse_none_str="none", extra="ignore", populate_by_name=True
    )

    environment: Literal["development", "production"] = "production"
    home: Path = Field(default=Path.home() / ".ravand", description="Data home: cluster, secrets, mail folder, files.")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = Field(default="", description="Address people reach the API at; derived from host and port.")
    app_url: str = Field(
        default="", description="Address of the front end that mails link to; the API's own when empty."
    )

    database_url: str = Field(
        default="",
        validation_alias=AliasChoices("RAVAND_DATABASE_URL", "DATABASE_URL"),
        description="Connection of the role ravand_app.",
    )
    dispatch_database_url: str = Field(default="", description="Connection of the role ravand_dispatch (the relay).")
    owner_database_url: str = Field(
        default="", description="Connection of the role ravand_owner (migrations, operator)."
    )
    redis_url: str = Field(default="", validation_alias=AliasChoices("RAVAND_REDIS_URL", "REDIS_URL"))
    broker_url: str = Field(default="", description="Valkey for messages to workers alone; redis_url when empty.")
    database_pool_size: int = Field(default=8, ge=1)
    database_prepare_threshold: int | None = Field(default=5, description="none behind a PgBouncer older than 1.21.")

    secret_key: SecretStr = Field(default=SecretStr(""), description="Signs tokens and links; 32 random bytes or more.")
    access_token_seconds: int = Field(default=600, gt=0)
    refresh_token_days: int = Field(default=30, gt=0)
    verification_token_hours: int = Field(default=24, gt=0)
    invitation_token_days: int = Field(default=7, gt=0)
    trial_days: int = Field(default=14, gt=0)
    link_seconds: int = Field(default=900, gt=0, description="Life of a signed upload or download link.")
    argon2_threads: int = Field(default=2, ge=1, description="Passwords hashed at once by one process.")

    smtp_url: str = Field(default="", description="smtp://user:password@host:port; empty means the mail folder.")
    mail_from: str = "Ravand <no-reply@ravand.invalid>"

    cors_origins: list[str] = Field(
        default=[], description="Origins of front ends, as a JSON list; any localhost origin is allowed in development."
    )
    body_limit_bytes: int = Field(default=262_144, gt=0)
    upload_limit_bytes: int = Field(default=20 * 1024 * 1024, gt=0)

    relay_poll_seconds: float = Field(default=0.5, gt=0)
    lease_seconds: int = Field(default=30, gt=0)
    tenant_in_flight: int = Field(
        default=20, gt=0, description="Short jobs of one tenant on the broker at once; of long ones a tenth."
    )
    worker_threads: int = Field(default=4, ge=1)

    @property
    def mail_folder(self) -> Path:
        """This will tell where mails land when no SMTP server is configured."""
        return self.home / "mail"

    @property
    def files_folder(self) -> Path:
        """This will tell where uploads and reports are kept."""
        return self.home / "files"

    @property
    def base_url(self) -> str:
        """This will give the address that links to the API start with."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def link_url(self) -> str:
        """This will give the address that links in mails start with."""
        return self.app_url.rstrip("/") or self.base_url


@lru_cache(maxsize=1)
def settings() -> Settings:
    """This will read the environment the first time and answer the same object ever after."""
    return Settings()
