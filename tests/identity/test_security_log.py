"""Log-ins, their refusals and lock-outs, and stolen sessions are lines in the security log."""

from flask.testing import FlaskClient

from app.kernel.http import App
from tests.conftest import Clock
from tests.identity.conftest import PASSWORD, START, WRONG, Hire, bearer, log_in, try_password
from tests.security_lines import SecurityLines


class Log(SecurityLines):
    """The same, by event, code and person."""

    def told(self) -> list[tuple[str, str, int | None]]:
        """What has been written meanwhile."""
        return [(one["event"], one.get("code", ""), one.get("person")) for one in self.new()]


def test_log_ins_and_their_refusals(
    app: App, client: FlaskClient, hire: Hire, clock: Clock
) -> None:
    clock.set(START)
    person = hire("li.jianguo")
    log = Log(app)
    assert try_password(client, "li.jianguo")[0] == 201
    assert log.told() == [("session.opened", "", person.id)]
    try_password(client, "li.jianguo", WRONG)
    assert log.told() == [("refused", "session.bad_credentials", person.id)]
    # People type the password into the wrong field.
    try_password(client, PASSWORD, WRONG)
    assert log.told() == [("refused", "session.bad_credentials", None)]
    assert PASSWORD not in log.text
    for _ in range(11):
        try_password(client, "li.jianguo", WRONG, address="10.5.5.5")
    assert log.told()[-1] == ("refused", "session.locked", person.id)
    assert log.text.count("10.5.5.5") == 11
    assert not [word for word in ("li.jianguo", "李建国", WRONG) if word in log.text]


def test_by_wechat_too(app: App, client: FlaskClient) -> None:
    log_in(client)
    log = Log(app)
    tokens = log_in(client)
    (opened,) = log.told()
    assert opened[0] == "session.opened"
    client.post("/api/v1/sessions/wechat", json={"code": "stolen"})
    assert log.told() == [("refused", "wechat.bad_code", None)]
    headers = bearer(tokens["access_token"])
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 204
    assert log.told() == [("session.closed", "", opened[2])]
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert log.told() == [("refused", "session.expired", None)]


def test_a_stolen_session_is_a_line(app: App, client: FlaskClient, clock: Clock) -> None:
    clock.set(START)
    token = log_in(client)["refresh_token"]
    client.post("/api/v1/sessions/refresh", json={"refresh_token": token})
    clock.set("2026-03-02T09:05:00+08:00")
    log = Log(app)
    client.post("/api/v1/sessions/refresh", json={"refresh_token": token})
    ((event, code, person),) = log.told()
    assert (event, code) == ("refused", "session.stolen")
    assert person is not None


def test_wrong_answers_to_the_question_who_it_is(app: App, client: FlaskClient, hire: Hire) -> None:
    person = hire("li")
    headers = bearer(try_password(client, "li")[1]["access_token"])
    log = Log(app)
    client.post("/api/v1/me/proof", json={"password": WRONG}, headers=headers)
    client.post("/api/v1/me/proof", json={"password": PASSWORD}, headers=headers)
    client.post("/api/v1/me/totp", json={"current_password": WRONG}, headers=headers)
    assert log.told() == [
        ("refused", "password.wrong", person.id),
        ("session.proved", "", person.id),
        ("refused", "password.wrong", person.id),
    ]
    client.get("/api/v1/me/export", headers=headers)
    assert log.told() == [("person.exported", "", person.id)]
