"""The configuration: every key is explained, every fault is named."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from vitte import config, config_reader
from vitte.errors import BadConfiguration
from vitte.resources import ROOT

NEEDED = {
    "VITTE_TELEGRAM_TOKEN": "123456:made-up",
    "VITTE_DATABASE_URL": "postgresql://vitte@localhost/vitte",
    "VITTE_REDIS_URL": "redis://localhost",
}


def faults_of(text: str, tmp_path: Path, **environment: str) -> dict[str, str]:
    path = tmp_path / "vitte.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadConfiguration) as refused:
        config_reader.load(path, NEEDED | environment)
    return {fault.key: str(fault) for fault in refused.value.faults}


def test_the_documented_file_holds_every_key_with_its_default() -> None:
    text = (ROOT / "config" / "vitte.toml").read_text(encoding="utf-8")
    documented = tomllib.loads(text)

    def documented_as(key: config.Key) -> object:
        table = documented
        for name in filter(None, key.section.split(".")):
            table = table[name]
        return table[key.name]

    flat = {key.path: documented_as(key) for key in config.every_key()}

    defaults = {key.path: key.default for key in config.every_key()}
    assert flat == {
        path: msgspec.json.decode(msgspec.json.encode(default, enc_hook=config.Secret.reveal))
        for path, default in defaults.items()
    }


def test_the_documented_file_can_be_read_as_it_is() -> None:
    loaded = config_reader.load(ROOT / "config" / "vitte.toml", NEEDED)

    assert loaded.config.limiter.messages_per_minute == 10


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "vitte.toml"
    path.write_text('[http]\nlisten = "127.0.0.1:1"\n')
    environment = NEEDED | {
        "VITTE_HTTP_LISTEN": "unix:/run/vitte.sock",
        "VITTE_DATABASE_POOL_MAX": "21",
        "VITTE_CRON_REMIND_DAYS_BEFORE": "5, 2",
        "VITTE_CRON_USER_STATS_SCHEDULE": "0 1 * * *",
        "VITTE_DATA": "/srv/vitte",
    }

    loaded = config_reader.load(path, environment).config

    assert loaded.http.listen == "unix:/run/vitte.sock"
    assert loaded.database.pool_max == 21
    assert loaded.cron.remind_days_before == (5, 2)
    assert loaded.cron.user_stats.schedule == "0 1 * * *"
    assert loaded.cron.user_stats.catch_up == "all"  # what is not said stays as it is
    assert loaded.data == "/srv/vitte"


def test_a_secret_can_be_a_file_or_a_credential(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("777:from-a-file\n")
    (tmp_path / "redis_url").write_text("redis://:hidden@localhost/1\n")
    environment = {
        "VITTE_TELEGRAM_TOKEN_FILE": str(tmp_path / "token"),
        "VITTE_DATABASE_URL": "postgresql://vitte@localhost/vitte",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }

    loaded = config_reader.load(None, environment).config

    assert loaded.telegram.token.reveal() == "777:from-a-file"
    assert loaded.redis.url.reveal() == "redis://:hidden@localhost/1"


def test_systemd_may_hand_over_a_whole_folder_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "vitte_telegram_token").write_text("777:from-a-folder\n")
    environment = {
        "VITTE_DATABASE_URL": "postgresql://vitte@localhost/vitte",
        "VITTE_REDIS_URL": "redis://localhost",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }

    loaded = config_reader.load(None, environment).config

    assert loaded.telegram.token.reveal() == "777:from-a-folder"


def test_secrets_lie_beside_the_file_for_those_whom_systemd_hands_nothing(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name, text in {
        "telegram_token": "777:beside",
        "database_url": "postgresql://vitte@localhost/vitte",
        "redis_url": "redis://localhost",
    }.items():
        (tmp_path / "secrets" / name).write_text(text)
    (tmp_path / "vitte.toml").write_text("")
    (tmp_path / "handed").mkdir()

    loaded = config_reader.load(tmp_path / "vitte.toml", {}).config

    assert loaded.telegram.token.reveal() == "777:beside"
    handed = {"CREDENTIALS_DIRECTORY": str(tmp_path / "handed")}
    with pytest.raises(BadConfiguration):  # the service sees what it is handed, and nothing else
        config_reader.load(tmp_path / "vitte.toml", handed)


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    faults = faults_of(
        "[http]\nlistne = 'x'\n[database]\npool_min = 'many'\n[log]\nlevel = 'LOUD'\n", tmp_path
    )

    assert faults == {
        "http.listne": "http.listne: is no key of vitte; did you mean http.listen? "
        "(vitte.toml, line 2)",
        "database.pool_min": "database.pool_min: must be a whole number: "
        "Expected `int`, got `str` (vitte.toml, line 4)",
        "log.level": "log.level: must be one of DEBUG, INFO, WARNING, ERROR (vitte.toml, line 6)",
    }


def test_a_jobs_section_is_read_and_its_faults_are_named_with_their_lines(tmp_path: Path) -> None:
    faults = faults_of(
        "[cron.user_stats]\nretrys = 1\n[cron.clean_messages]\nrows = 0\n[cron]\nuser_stat = 1\n"
        "make_partitions = 'daily'\n",
        tmp_path,
    )

    assert faults.keys() == {
        "cron.user_stats.retrys",
        "cron.clean_messages.rows",
        "cron.user_stat",
        "cron.make_partitions",
    }
    assert "did you mean cron.user_stats.retries? (vitte.toml, line 2)" in str(faults)
    assert "(vitte.toml, line 4)" in faults["cron.clean_messages.rows"]


def test_a_fault_of_the_environment_names_the_variable(tmp_path: Path) -> None:
    faults = faults_of("", tmp_path, VITTE_DATABASE_POOL_MIN="many")

    assert "(VITTE_DATABASE_POOL_MIN)" in faults["database.pool_min"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("telegram.token", "no token"),
        ("telegram.api", "ftp://example.org"),
        ("telegram.webhook_secret", "пароль"),
        ("database.url", "mysql://localhost"),
        ("redis.url", "localhost"),
        ("http.listen", "8080"),
        ("metrics.listen", "127.0.0.1:70000"),
        ("database.wait_seconds", "0"),
        ("database.pool_min", "51"),
        ("cron.remind_days_before", "0"),
        ("cron.remind_from_hour", "21"),
        ("cron.expired_days", "2"),
        ("cron.updates_days", "1"),
        ("cron.user_stats.retries", "-1"),
        ("cron.user_stats.jitter_seconds", "-1"),
        ("cron.user_stats.limit_seconds", "0"),
        ("cron.user_stats.catch_up", "perhaps"),
    ],
)
def test_a_value_that_cannot_work_is_refused(key: str, value: str, tmp_path: Path) -> None:
    variable = f"VITTE_{key}".replace(".", "_").upper()

    faults = faults_of("", tmp_path, **{variable: value})

    assert list(faults) == [key]


@pytest.mark.parametrize("missing", list(NEEDED))
def test_what_has_no_default_is_asked_for(missing: str) -> None:
    environment = {name: value for name, value in NEEDED.items() if name != missing}

    with pytest.raises(BadConfiguration, match="is missing"):
        config_reader.load(None, environment)


def test_a_webhook_needs_an_address_that_telegram_can_reach(tmp_path: Path) -> None:
    faults = faults_of(
        "", tmp_path, VITTE_TELEGRAM_UPDATES="webhook", VITTE_TELEGRAM_WEBHOOK_URL="http://x.org/"
    )

    assert list(faults) == ["telegram.webhook_url"]


def test_a_file_that_is_no_toml_says_where_it_breaks(tmp_path: Path) -> None:
    faults = faults_of("[http\n", tmp_path)

    assert "line 1" in next(iter(faults.values()))


def test_a_misspelt_variable_is_pointed_out() -> None:
    loaded = config_reader.load(None, NEEDED | {"VITTE_TELEGRAM_TOKN": "1:x"})

    assert loaded.warnings == (
        "VITTE_TELEGRAM_TOKN means nothing to vitte; did you mean VITTE_TELEGRAM_TOKEN?",
    )


def test_secrets_do_not_show_themselves() -> None:
    loaded = config_reader.load(None, NEEDED | {"VITTE_REDIS_URL": "redis://:hidden@localhost"})

    assert "hidden" not in repr(loaded)
    assert "made-up" not in repr(config.shown(loaded.config))


def test_the_derived_webhook_secret_is_steady_and_does_not_give_the_token_away() -> None:
    telegram = config.Telegram(token=config.Secret("1:abc"))

    assert telegram.secret_token() == config.Telegram(token=config.Secret("1:abc")).secret_token()
    assert "abc" not in telegram.secret_token()
