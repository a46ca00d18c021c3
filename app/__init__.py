"""The whole program: all rooms, and the listeners of all events."""

from collections.abc import Mapping
from typing import Any

import config as configuration
from app import cli
from app.categories import api as categories_api
from app.categories import listeners as categories_heard
from app.categories import policy as categories_policy
from app.deadlines.door import api as deadlines_api
from app.deadlines.door import listeners as deadlines_heard
from app.deadlines.ladder import queries as ladder_queries
from app.deadlines.standing.events import DeadlinesMoved, DeadlinesPassed, SubjectsMoving
from app.deadlines.terms import policy as deadlines_policy
from app.deadlines.terms import settings as deadlines_settings
from app.dispatching import api as dispatching_api
from app.dispatching import policy as dispatching_policy
from app.files import api as files_api
from app.files import listeners as files_heard
from app.files import policy as files_policy
from app.files import queries as files_queries
from app.files import states as files_states
from app.identity import api as identity_api
from app.identity import listeners as identity_heard
from app.identity import policy as identity_policy
from app.identity import states as identity_states
from app.identity.events import PasswordGiven, SessionStolen
from app.identity.guard import PUBLIC_ENDPOINTS, guard
from app.intake import api as intake_api
from app.intake import listeners as intake_heard
from app.intake import messages as intake_messages
from app.intake import policy as intake_policy
from app.intake.queries import exporting, importing
from app.kernel import (
    crypto,
    database,
    docs,
    health,
    heartbeat,
    http,
    logs,
    permissions,
    slots,
    throttle,
)
from app.kernel.events import listen
from app.kernel.health import Figure
from app.kernel.messages import Template
from app.kernel.settings import Setting
from app.notifications import api as notifications_api
from app.notifications import listeners as notifications_heard
from app.notifications import policy as notifications_policy
from app.notifications import queries as notifications_queries
from app.orders.access import policy as orders_policy
from app.orders.clockwork import listeners as clockwork_heard
from app.orders.door import api as orders_api
from app.orders.leaving import listeners as orders_heard
from app.orders.record import messages as orders_messages
from app.orders.ticket import states as orders_states
from app.organisation import api as organisation_api
from app.organisation import policy as organisation_policy
from app.organisation.events import (
    ProviderAccountLinked,
    SettingChanged,
    UnitClosing,
    UnitMoved,
)
from app.people import api as people_api
from app.people import listeners as people_heard
from app.people import policy as people_policy
from app.people import states as people_states
from app.people.events import (
    AwayReturned,
    ExportRequested,
    LimitDecided,
    MembershipEnded,
    OffersUnblocked,
    PersonDeactivated,
    PersonErased,
    PersonLeaving,
    PersonLimited,
    PhoneVerified,
    RegistrationDecided,
    RegistrationEnded,
    RoleEnded,
    RoleGranted,
)
from app.people.roles import ROLES
from app.reports import api as reports_api
from app.reports import messages as reports_messages

BLUEPRINTS = (
    *organisation_api.BLUEPRINTS,
    *people_api.BLUEPRINTS,
    *identity_api.BLUEPRINTS,
    *files_api.BLUEPRINTS,
    *notifications_api.BLUEPRINTS,
    deadlines_api.blueprint,
    *categories_api.BLUEPRINTS,
    orders_api.blueprint,
    dispatching_api.blueprint,
    *intake_api.BLUEPRINTS,
    *reports_api.BLUEPRINTS,
)
POLICIES = (
    organisation_policy,
    people_policy,
    identity_policy,
    files_policy,
    notifications_policy,
    deadlines_policy,
    categories_policy,
    orders_policy,
    dispatching_policy,
    intake_policy,
)
SETTINGS: tuple[Setting, ...] = (
    *files_states.SETTINGS,
    *deadlines_settings.SETTINGS,
    *orders_states.SETTINGS,
)
MESSAGES: dict[str, Template] = (
    people_states.MESSAGES
    | identity_states.MESSAGES
    | orders_messages.MESSAGES
    | intake_messages.MESSAGES
    | reports_messages.MESSAGES
)
GIVEN_UP = (
    notifications_queries.GIVEN_UP,
    slots.GIVEN_UP,
    ladder_queries.GIVEN_UP,
    importing.GIVEN_UP,
    exporting.GIVEN_UP,
    files_queries.GIVEN_UP,
)
FIGURES = (
    Figure("job_processes", "正在运行的任务进程（个）", heartbeat.count_living),
    Figure("job_last_beat_seconds", "离最近一次心跳（秒）", heartbeat.last_beat_seconds),
    Figure("outbox_waiting", "等待发送的消息（条）", notifications_queries.count_waiting),
    Figure(
        "outbox_oldest_seconds", "等得最久的消息（秒）", notifications_queries.longest_wait_seconds
    ),
    Figure("deadlines_due", "到时间还没发出的提醒（条）", ladder_queries.count_due),
    Figure("deadlines_oldest_seconds", "等得最久的提醒（秒）", ladder_queries.longest_due_seconds),
    *(Figure(f"given_up_{kind.name}s", kind.text, kind.count) for kind in GIVEN_UP),
)


def create_app(config: Mapping[str, Any] | None = None) -> http.App:
    """Returns a Flask app with every room.

    `config` defaults to the settings of the environment. Raises what `config.load` raises for wrong
    settings, and RuntimeError if a role names an unknown permission.
    """
    app = http.App(__name__)
    app.config.update(configuration.load() if config is None else config)
    logs.set_up(str(app.config["LOG_LEVEL"]))
    app.extensions["keyring"] = crypto.read_keyring(app.config)
    app.extensions["settings"] = {setting.key: setting for setting in SETTINGS}
    app.extensions["messages"] = MESSAGES
    app.extensions["figures"] = FIGURES
    app.extensions["given_up"] = {kind.name: kind for kind in GIVEN_UP}
    app.extensions["permissions"] = collect_permissions()
    http.frame(app)
    throttle.set_up(app)
    guard(app)
    database.connect(app)
    api = docs.make_api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    health.serve(app)
    docs.serve(app, api, PUBLIC_ENDPOINTS)
    cli.register(app)
    _wire(app)
    return app


def collect_permissions() -> permissions.Permissions:
    """The permissions that the rooms declare, by name and by role.

    Raises RuntimeError, which stops the start, for an unknown role or a permission declared twice.
    """
    declared = (permission for room in POLICIES for permission in room.PERMISSIONS)
    return permissions.collect(declared, [role.code for role in ROLES])


def _wire(app: http.App) -> None:
    """The map of side effects: each event of a lower room, and its listeners in the order of calls."""
    listen(app, UnitClosing, orders_heard.on_unit_closing)
    listen(app, UnitClosing, categories_heard.on_unit_closing)
    listen(app, UnitClosing, intake_heard.on_unit_closing)
    listen(app, UnitMoved, deadlines_heard.on_unit_moved)
    listen(app, UnitMoved, orders_heard.on_unit_moved)
    listen(app, SubjectsMoving, clockwork_heard.on_subjects_moving)
    listen(app, DeadlinesPassed, clockwork_heard.on_deadlines_passed)
    listen(app, DeadlinesMoved, clockwork_heard.on_deadlines_moved)
    listen(app, SettingChanged, deadlines_heard.on_setting_changed)
    listen(app, ProviderAccountLinked, people_heard.check_provider_account)
    listen(app, PersonLeaving, orders_heard.on_person_leaving)
    listen(app, PersonDeactivated, orders_heard.on_person_deactivated)
    listen(app, PersonDeactivated, identity_heard.on_person_deactivated)
    listen(app, PersonErased, orders_heard.on_person_erased)
    listen(app, PersonErased, intake_heard.on_person_erased)
    listen(app, PersonErased, files_heard.on_person_erased)
    listen(app, PersonErased, notifications_heard.on_person_erased)
    listen(app, PersonErased, identity_heard.on_person_erased)
    listen(app, MembershipEnded, orders_heard.on_membership_ended)
    listen(app, RoleEnded, orders_heard.on_role_ended)
    listen(app, AwayReturned, orders_heard.on_away_returned)
    listen(app, PhoneVerified, orders_heard.on_phone_verified)
    for tells, event in (
        (notifications_heard.on_registration_decided, RegistrationDecided),
        (notifications_heard.on_registration_ended, RegistrationEnded),
        (notifications_heard.on_role_granted, RoleGranted),
        (notifications_heard.on_role_ended, RoleEnded),
        (notifications_heard.on_person_limited, PersonLimited),
        (notifications_heard.on_limit_decided, LimitDecided),
        (notifications_heard.on_offers_unblocked, OffersUnblocked),
        (notifications_heard.on_session_stolen, SessionStolen),
        (notifications_heard.on_password_given, PasswordGiven),
    ):
        listen(app, event, tells)
    for part in (identity_heard, files_heard, notifications_heard, orders_heard, intake_heard):
        listen(app, ExportRequested, part.on_export_requested)
