"""What clients are written against; a path or word that goes missing here breaks a phone."""

_PATHS = """
POST /sessions/wechat
POST /sessions/password
POST /sessions/refresh
POST /sessions/ticket
DELETE /sessions/current
GET /me
PUT /me
DELETE /me
PUT /me/password
POST /me/phone
POST /me/away
GET /me/export
GET /me/consents
POST /me/consents
GET /units
GET /units/{}
GET /units/locate
GET /places
GET /categories
POST /registrations
GET /registrations
POST /registrations/{}/approve
POST /registrations/{}/decline
POST /registrations/{}/end
POST /files
GET /files/{}
POST /orders
GET /orders
GET /orders/changes
GET /orders/nearby
GET /orders/{}
GET /orders/{}/events
GET /orders/{}/candidates
POST /orders/bulk
POST /dispatching/matchings
POST /dispatching/matchings/apply
POST /orders/{}/reveal
POST /orders/{}/requests/{}/agree
POST /orders/{}/requests/{}/refuse
GET /inbox
POST /inbox/{}/read
GET /audit
GET /people
GET /roles
"""
_ACTIONS = """
dispatch claim decline acknowledge settle appoint start progress return recall reassign
suspend resume complete check rate follow_up reopen report_up supervise transfer split
amend ask extend plan merge unmerge reject cancel urge not_come comments join
"""
ACTIONS = tuple(_ACTIONS.split())
PATHS = (*_PATHS.strip().splitlines(), *(f"POST /orders/{{}}/{verb}" for verb in ACTIONS))

# The words of a query, by path.
QUERIES = {
    "/orders": "status unit_id category_id urgency mine overdue q since until sort cursor limit",
    "/orders/changes": "unit_id after",
    "/orders/nearby": "latitude longitude coordinate_system category_id place_id",
    "/orders/{}/events": "cursor limit",
    "/units": "parent_id cursor limit",
    "/units/locate": "latitude longitude",
    "/places": "parent_id q cursor limit",
    "/categories": "unit_id q",
    "/registrations": "unit_id status cursor limit",
    "/inbox": "cursor limit",
}
# The fields of a body, by operation: these are taken, and those with a mark alone are needed.
BODIES = {
    "POST /sessions/wechat": "code!",
    "POST /sessions/password": "username! password! otp",
    "POST /sessions/refresh": "refresh_token!",
    "POST /me/phone": "code!",
    "POST /me/away": "until!",
    "POST /me/consents": "document! version! granted!",
    "POST /registrations": "unit_id! kind! skills employer availability",
    "POST /registrations/{}/decline": "reason!",
    "POST /registrations/{}/end": "reason",
    "POST /files": "file!",
    "POST /orders": (
        "description category_id unit_id place_id location photo_ids voice_id contact_name"
        " contact_phone anonymous urgency answers preferred_times on_behalf_of source"
        " external_number imposed_due_at"
    ),
    "POST /orders/bulk": "ids! action!",
    "POST /dispatching/matchings": "unit_id! order_ids",
    "POST /dispatching/matchings/apply": "rows!",
    "POST /orders/{}/dispatch": "mode! assignee_id provider_id due_at task people_needed note",
    "POST /orders/{}/reassign": "reason! mode assignee_id",
    "POST /orders/{}/rate": "solved! satisfied stars comment",
    "POST /orders/{}/suspend": "reason! until!",
    "POST /orders/{}/complete": "note! photo_ids minutes_spent helper_ids",
    "POST /orders/{}/start": "visit_code",
    "POST /orders/{}/progress": "note photo_ids visible",
    "POST /orders/{}/appoint": "at!",
    "POST /orders/{}/merge": "into_id!",
    "POST /orders/{}/transfer": "unit_id! reason!",
    "POST /orders/{}/extend": "due_at! reason!",
    "POST /orders/{}/plan": "due_at! note!",
    "POST /orders/{}/comments": "note! photo_ids visible",
    "POST /orders/{}/reveal": "fields! reason!",
    "POST /orders/{}/requests/{}/refuse": "reason!",
}
ORDER = (
    "id number status flags round category unit grid place description location photos"
    " urgency green_channel anonymous source requester contact assignees submitted_at"
    " dispatched_at claimed_at completed_at closed_at next_due_at deadlines rating joined"
    " requests actions content_state version"
)
# The fields that an answer always has; behind the operation the way to a part of it.
ANSWERS = {
    "POST /sessions/wechat": "access_token expires_at refresh_token person",
    "POST /sessions/password": "access_token expires_at refresh_token person",
    "POST /sessions/refresh": "access_token expires_at refresh_token person",
    "POST /sessions/ticket": "ticket",
    "POST /files": "id url thumbnail_url content_type width height seconds",
    "GET /categories items": (
        "id code name initials children questions skills urgency needs_photo public_place"
    ),
    "POST /orders": ORDER,
    "GET /orders/{}": ORDER,
    "POST /orders/{}/claim": ORDER,
    "GET /orders items": ORDER,
    "GET /orders/{}/events items": (
        "seq action happened_at recorded_at actor note photo_ids visible from to"
    ),
    "GET /orders/{} location": "latitude longitude coordinate_system address",
    "GET /orders/{} photos": "id url thumbnail_url",
    "GET /orders/{} contact": "name phone",
    "GET /orders/{} assignees": "kind id name part",
    "GET /orders/{} deadlines": "stage round due_at met_at state",
    "GET /orders/changes": "after count",
    "GET /orders/{}/candidates items": (
        "person kind reasons possible why_not distance_m open_load skills_matched"
    ),
    "POST /orders/bulk results": "id status",
    "POST /dispatching/matchings": "rows unmatched totals",
    "POST /dispatching/matchings rows": "order_id assignees reasons distance_m",
    "POST /dispatching/matchings unmatched": "order_id why",
    "POST /dispatching/matchings totals": "matched distance_m unmet_skills proven",
    "POST /dispatching/matchings/apply results": "order_id status",
    "GET /orders/nearby items": "id category distance thumbnail_url joined submitted_on",
    "POST /orders/{}/reveal": "contact location",
}
