"""What is right, by the docs alone: a letter for each role, in the own community and elsewhere.

    + lets in    o lets in, without the object    x 403    . 404, as if it were not there    - 401

A row is read against `actors.ROLES`; the heads of the columns stand above each part. Elsewhere means
the neighbouring community, for officers and administrators another street or district.
"""

PUBLIC = "++++++++++++++"
OPEN = "-+++++++++++++"
BARRED = "-xxxxxxxxxxxxx"
HIDDEN = "-............."
EMPTY = "-ooooooooooooo"

# a anonymous  r resident  q requester  m member  v volunteer  g grid worker  d duty  D dispatcher
# L leader  s street officer  o district officer  A admin  p provider  b building leader

# Placing is open to everybody; only who enters for others may say what residents may not.
# Staff see their unit's orders; members what lies in the pool, and what they were offered or hold.
READING: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "orders.place": (OPEN, OPEN),
    "orders.place:for another": (OPEN, OPEN),
    "orders.place:by telephone": ("-xxxx++++++xx+", BARRED),
    "orders.place:for a known person": ("-xxxx++++++xx+", BARRED),
    "orders.place:by staff alone": ("-xxxx++++++xxx", BARRED),
    "orders.list_orders": ("-o++o++++++ooo", EMPTY),
    "orders.list_orders:pool": ("-oo++ooooooooo", EMPTY),
    # A neighbour's matter of a public place; one's own is on one's own list.
    "orders.list_nearby": ("-+o+++++++++++", OPEN),
    "orders.list_nearby:not public": (EMPTY, EMPTY),
    "orders.changes": ("-....++++++...", HIDDEN),
    "reports.list_tracked": ("-o+oo++++++ooo", EMPTY),
    "reports.show_figures": ("-....++++++...", HIDDEN),
    "reports.show_figures:of people": ("-....xxx+++...", HIDDEN),
    "reports.list_counted": ("-oooo++++++ooo", EMPTY),
    "reports.export_counted": ("-xxxxxx++++xxx", "-xxxxxx++++xxx"),
    "reports.list_bulletins": ("-oooo++++++ooo", EMPTY),
    "reports.get_bulletin": ("-....++++++...", HIDDEN),
    "reports.show_page": ("-....++++++...", HIDDEN),
    "orders.show": ("-.+..++++++...", HIDDEN),
    "orders.show:in the pool": ("-.+++++++++...", HIDDEN),
    "orders.show:offered": ("-.++.++++++...", HIDDEN),
    "orders.show:claimed": ("-.++.++++++...", HIDDEN),
    "orders.show:recalled": ("-.+..++++++...", HIDDEN),
    "orders.show:closed": ("-.++.++++++...", HIDDEN),
    "orders.show:held by a provider": ("-.+..++++++.+.", HIDDEN),
    "orders.show:confidential": ("-.+....++++...", HIDDEN),
    "orders.show:confidential emergency": ("-.+...+++++...", HIDDEN),
    "orders.show:complaint": ("-.+......++...", HIDDEN),
    "orders.show:name of an anonymous": ("-.+o.oo++++...", HIDDEN),
    "orders.show:words held back": ("-.+oo++++++...", HIDDEN),
    "orders.show:entered by a building leader": ("-....++++++..+", HIDDEN),
    "orders.show:to be moved": ("-.+..++++++...", "-.....+++....."),
    "orders.list_events": ("-.++.++++++...", HIDDEN),
    "orders.list_events:internal": ("-.o+.++++++...", HIDDEN),
    "orders.reveal": ("-.x+.x+++++...", HIDDEN),
    "orders.reveal:before the claim": ("-.xxxx+++++...", HIDDEN),
    "orders.reveal:anonymous": ("-.xx.xx++++...", HIDDEN),
    "orders.reveal:completed": ("-.x+.x+++++...", HIDDEN),
    "orders.reveal:closed": ("-.xx.x+++++...", HIDDEN),
}

# The desk: the duty person receives and gives out, the rest is the dispatcher's.
DESK: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "orders.acknowledge": ("-.x..x+++++...", HIDDEN),
    "orders.acknowledge:confidential emergency": ("-.x...+++++...", HIDDEN),
    "orders.settle": ("-.x..++++++...", HIDDEN),
    "orders.dispatch": ("-.x..x+++++...", HIDDEN),
    "orders.dispatch:to a person": ("-.x..x+++++...", HIDDEN),
    "orders.reassign": ("-.xx.xx++++...", HIDDEN),
    "orders.recall": ("-.xx.xx++++...", HIDDEN),
    "orders.reject": ("-.x..xx++++...", HIDDEN),
    "orders.check": ("-.xx.xx++++...", HIDDEN),
    "orders.amend": ("-.x..x+++++...", HIDDEN),
    "orders.ask": ("-.x..xx++++...", HIDDEN),
    "orders.check_content": ("-.x..x+++++...", HIDDEN),
    "orders.follow_up": ("-.xx.+x++++...", HIDDEN),
    "orders.report_up": ("-.x..xx++++...", HIDDEN),
    "orders.transfer": ("-.x..xx++++...", HIDDEN),
    "orders.split": ("-.x..xx++++...", HIDDEN),
    "orders.merge": ("-.x..xx++++...", HIDDEN),
    "orders.unmerge": ("-.x..xx++++...", HIDDEN),
    "orders.plan": ("-.xx.xx++++...", HIDDEN),
    "orders.confirm_no_show": ("-.xx.xx++++...", HIDDEN),
    "orders.decide": ("-.x..xxx+++...", HIDDEN),
    "orders.supervise": ("-.x..xxxx++...", HIDDEN),
    "orders.agree:cancel": ("-.xx.xx++++...", HIDDEN),
    "orders.agree:extend": ("-.xx.xx++++...", HIDDEN),
    "orders.agree:suspend": ("-.xx.xx++++...", HIDDEN),
    "orders.agree:support": ("-.xxxxx++++...", HIDDEN),
    "orders.agree:report up": ("-.x..xxxx++...", HIDDEN),
    "orders.agree:close": ("-.x..xxxx++...", HIDDEN),
    "orders.agree:transfer": ("-.x..xxxx++...", "-.....+++....."),
    "orders.refuse:transfer": ("-.x..xxxx++...", "-.....+++....."),
    "orders.refuse:cancel": ("-.xx.xx++++...", HIDDEN),
}

# What the handler does, and what the requester does; neighbours join where the matter is public.
HANDLING: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "orders.claim": ("-.x++xxxxxx...", HIDDEN),
    "orders.decline": ("-.x+.xxxxxx...", HIDDEN),
    "orders.appoint": ("-.x+.xxxxxx...", HIDDEN),
    "orders.start": ("-.x+.xxxxxx...", HIDDEN),
    "orders.progress": ("-.x+.xxxxxx...", HIDDEN),
    "orders.progress:assigned": ("-.x..+xxxxx...", HIDDEN),
    "orders.progress:by a provider": ("-.x..x+++++.+.", HIDDEN),
    "orders.progress:for a provider": ("-.x..x+++++...", HIDDEN),
    "orders.return": ("-.x+.xxxxxx...", HIDDEN),
    "orders.suspend": ("-.x+.xx++++...", HIDDEN),
    "orders.resume": ("-.x+.xx++++...", HIDDEN),
    "orders.explain": ("-.x+.xx++++...", HIDDEN),
    "orders.extend": ("-.x+.xx++++...", HIDDEN),
    "orders.complete": ("-.x+.xxxxxx...", HIDDEN),
    "orders.rate": ("-.+x.xxxxxx...", HIDDEN),
    "orders.reopen": ("-.+x.x+++++...", HIDDEN),
    "orders.reopen:rejected": ("-.+..x+++++...", HIDDEN),
    "orders.answer": ("-.+..xxxxxx...", HIDDEN),
    "orders.cancel": ("-.+..xxxxxx...", HIDDEN),
    "orders.cancel:claimed": ("-.+x.xxxxxx...", HIDDEN),
    "orders.urge": ("-.+..xxxxxx...", HIDDEN),
    "orders.not_come": ("-.+x.xxxxxx...", HIDDEN),
    "orders.comments": ("-.+..++++++...", HIDDEN),
    "orders.comments:in the pool": ("-.+xx++++++...", HIDDEN),
    "orders.comments:claimed": ("-.++.++++++...", HIDDEN),
    "orders.join": ("-+x+++++++++++", OPEN),
    "orders.join:not public": ("-.x..xxxxxx...", HIDDEN),
    "orders.show:joined": ("-.+..++++++...", HIDDEN),
    "orders.still_not_solved": ("-+x..xxxxxx...", "-+............"),
    "orders.support": (BARRED, "-xx++xxxxxxxxx"),
    "orders.support:not public": ("-.xxxxxxxxx...", HIDDEN),
}

# Whoever sees the unit's orders knows that they can be imported; what was sent in is the desk's, and
# its rejected rows, with names and phones, are for the one who has sent them.
IMPORTS: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "imports.upload_import": ("-....xx++++...", HIDDEN),
    "imports.get_template": ("-xxxxxx++++xxx", "-xxxxxx++++xxx"),
    "imports.get_import": ("-......++++...", HIDDEN),
    "imports.apply_import": ("-......++++...", HIDDEN),
    "imports.get_rejected": ("-......+xxx...", HIDDEN),
    "imports.drop_import": ("-......++++...", HIDDEN),
}

# For many the rights are those of the single verbs, order by order; what is in no row is left alone.
MANY: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "dispatching.list_candidates": ("-.x..x+++++...", HIDDEN),
    "dispatching.list_candidates:confidential": ("-.x....++++...", HIDDEN),
    "dispatching.propose_matching": ("-xxxxx+++++xxx", BARRED),
    "dispatching.propose_matching:in the pool": ("-xxxxxo++++xxx", BARRED),
    "dispatching.propose_matching:confidential": ("-xxxxxo++++xxx", BARRED),
    "dispatching.carry_out_matching": ("-ooooo+++++ooo", EMPTY),
    "dispatching.carry_out_matching:in the pool": ("-oooooo++++ooo", EMPTY),
    "dispatching.bulk": ("-ooooo+++++ooo", EMPTY),
    "dispatching.bulk:tried": ("-ooooo+++++ooo", EMPTY),
    "dispatching.bulk:recall": ("-oooooo++++ooo", EMPTY),
    "dispatching.bulk:reply": ("-o+oo++++++ooo", EMPTY),
    "dispatching.bulk:close": ("-oooo++++++ooo", EMPTY),
}

# A file holds what its owner's lists hold, and is nobody else's; banners are for everybody to read.
EXPORTS: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "exports.request_export": ("-xxxxxx++++xxx", "-xxxxxx++++xxx"),
    "exports.request_export:unmasked": ("-xxxxxx++++xxx", "-xxxxxx++++xxx"),
    "exports.get_export": ("-......+......", HIDDEN),
    "exports.drop_export": ("-......+......", HIDDEN),
    "banners.list_banners": (OPEN, OPEN),
    "banners.get_banner": (OPEN, OPEN),
    "banners.put_up_banner": ("-....x+++++...", HIDDEN),
    "banners.change_banner": ("-....x+++++...", HIDDEN),
    "banners.end_banner": ("-....x+++++...", HIDDEN),
    "banners.me_too": (OPEN, OPEN),
}

PEOPLE: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "people.list_people": ("-o+oooo+++++oo", EMPTY),
    "people.create_person": ("-xxxx+++++++x+", BARRED),
    "people.create_person:member": ("-xxxxxx+++++xx", BARRED),
    "people.search_people": ("-xxxxxx+++++xx", BARRED),
    "people.get_person": ("-.+....+++++..", HIDDEN),
    "people.put_person": ("-.x....+++++..", HIDDEN),
    "people.put_person:to the neighbour": ("-.x....xx+++..", HIDDEN),
    "people.reveal_person": ("-.x....+++++..", HIDDEN),
    "people.set_green": ("-.x....+++++..", HIDDEN),
    "people.limit_person": ("-.x....x+++x..", HIDDEN),
    "people.clear_offers_block": ("-..x...x+++x..", HIDDEN),
    "people.deactivate_person": ("-......x++++..", HIDDEN),
    # Whoever ends it all answers for all of it: for every unit, and for every role that ends.
    "people.deactivate_person:of two communities": ("-......xx++x..", "-......xx....."),
    "people.activate_person": ("-......x++++..", HIDDEN),
    "people.erase_person": ("-.+....x++++..", HIDDEN),
    "registrations.create_registration": (OPEN, OPEN),
    "registrations.list_registrations": ("-o+oooo+++++oo", EMPTY),
    "registrations.get_registration": ("-.+....+++++..", HIDDEN),
    "registrations.approve_registration": ("-.x....+++++..", HIDDEN),
    "registrations.decline_registration": ("-.x....+++++..", HIDDEN),
    "registrations.end_registration": ("-.+....+++++..", HIDDEN),
    "roles.list_roles": ("-oooooo+++++oo", "-oooooo+++++oo"),
    "roles.list_grants": ("-.+....+++++..", HIDDEN),
    "roles.create_grant": ("-.x....x+++x..", HIDDEN),
    "roles.create_grant:administrator": ("-.x....xxxx+..", HIDDEN),
    "roles.create_grant:officer": ("-.x....xx++x..", HIDDEN),
    "roles.create_grant:above": ("-.x....xx++x..", HIDDEN),
    "roles.delete_grant": ("-.x....x+++x..", HIDDEN),
    # An administrator may step down.
    "roles.delete_grant:administrator": ("-.+....xxxx+..", HIDDEN),
    "limits.list_limits": ("-o+ooooo+++ooo", EMPTY),
    "limits.get_limit": ("-.+.....+++...", HIDDEN),
    "limits.appeal_limit": ("-.+.....xxx...", HIDDEN),
    "limits.uphold_limit": ("-.x.....x++...", HIDDEN),
    "limits.lift_limit": ("-.x.....+++...", HIDDEN),
    "audits.list_audit": ("-xxxxxxx++++xx", "-xxxxxxxooooxx"),
    "accounts.get_account": ("-.x....xxxx+..", HIDDEN),
    "accounts.open_account": ("-.x....xxxx+..", HIDDEN),
    "accounts.reset_account": ("-.x....xxxx+..", HIDDEN),
    # Who knows a password may do what it opens: nobody learns one that opens more than the own.
    "accounts.reset_account:of a dispatcher": ("-......xxxxx..", HIDDEN),
    "accounts.unlock_account": ("-.x....xxxx+..", HIDDEN),
}

# Units, places (but rooms), providers, numbers and categories are no secret; few keep them.
ORGANISATION: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "units.list_units": (OPEN, OPEN),
    "units.get_unit": (OPEN, OPEN),
    "units.locate": (OPEN, OPEN),
    "units.get_area": (OPEN, OPEN),
    "units.create_unit": ("-xxxxxxxxxx+xx", BARRED),
    "units.change_unit": ("-xxxxxxxxxx+xx", BARRED),
    "units.close_unit": ("-xxxxxxxxxx+xx", BARRED),
    "units.set_area": ("-xxxxxxxxxx+xx", BARRED),
    "units.remove_area": ("-xxxxxxxxxx+xx", BARRED),
    "units.import_units": ("-xxxxxxxxxx+xx", "-xxxxxxxxxxoxx"),
    "units.list_settings": ("-xxxxxxx++++xx", BARRED),
    "units.set_setting": ("-xxxxxxx++++xx", BARRED),
    "places.list_places": (OPEN, OPEN),
    "places.list_places:rooms": ("-oooo+++++++oo", EMPTY),
    "places.get_place": (OPEN, OPEN),
    "places.get_place:room": ("-....+++++++..", HIDDEN),
    "places.create_place": ("-xxxxxxxxxx+xx", BARRED),
    "places.change_place": ("-xxxxxxxxxx+xx", BARRED),
    "places.close_place": ("-xxxxxxxxxx+xx", BARRED),
    "places.import_places": ("-xxxxxxxxxx+xx", "-xxxxxxxxxxoxx"),
    "providers.list_providers": (OPEN, OPEN),
    "providers.get_provider": (OPEN, OPEN),
    "providers.get_provider:whose account": ("-oooooo+++++oo", EMPTY),
    "providers.create_provider": ("-xxxxxx+++++xx", BARRED),
    "providers.change_provider": ("-xxxxxx+++++xx", BARRED),
    "providers.list_phone_entries": (OPEN, OPEN),
    "providers.get_phone_entry": (OPEN, OPEN),
    "providers.create_phone_entry": ("-xxxxxx+++++xx", BARRED),
    "providers.change_phone_entry": ("-xxxxxx+++++xx", BARRED),
    "providers.delete_phone_entry": ("-xxxxxx+++++xx", BARRED),
    "categories.list_categories": (OPEN, OPEN),
    "categories.get_category": (OPEN, OPEN),
    "categories.create_category": ("-xxxxxxxxxx+xx", BARRED),
    "categories.create_category:of the unit": ("-xxxxxxxxxx+xx", BARRED),
    "categories.change_category": ("-xxxxxxxxxx+xx", BARRED),
    "categories.change_category:of the unit": ("-xxxxxxxxxx+xx", BARRED),
    "categories.retire_category": ("-xxxxxxxxxx+xx", BARRED),
    "categories.restore_category": ("-xxxxxxxxxx+xx", BARRED),
}

# Whoever keeps an eye on time sees the rules; a unit's are its leader's to tighten, those for all are
# the district's. There is one calendar.
DEADLINES: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "deadlines.list_policies": ("-xxxxx+++++xxx", BARRED),
    "deadlines.get_policy": ("-xxxxx+++++xxx", BARRED),
    "deadlines.publish": ("-xxxxxxxxx+xxx", "-xxxxxxxxx+xxx"),
    "deadlines.publish:of the unit": ("-xxxxxxx+++xxx", BARRED),
    "deadlines.withdraw": ("-xxxxxxx+++xxx", BARRED),
    "deadlines.try_out": ("-xxxxx+++++xxx", BARRED),
    "deadlines.list_recomputations": ("-xxxxx+++++xxx", BARRED),
    "deadlines.get_calendar": (OPEN, OPEN),
    # Of other units an administrator finds none.
    "jobs.list_given_up:deadline": ("-xxxxxxxxxx+xx", "-xxxxxxxxxxoxx"),
    "jobs.retry_given_up:deadline": ("-xxxxxxxxxx+xx", "-xxxxxxxxxx.xx"),
    "deadlines.change_day": ("-xxxxxxxxx++xx", "-xxxxxxxxx++xx"),
    "deadlines.import_calendar": ("-xxxxxxxxx++xx", "-xxxxxxxxx++xx"),
}

# What is one's own, and what is everybody's.
SELF: dict[str, tuple[str, str]] = {
    # ------------------------------ arqmvgdDLsoApb
    "me.get_me": (OPEN, OPEN),
    "me.put_me": (OPEN, OPEN),
    "me.delete_me": (OPEN, OPEN),
    "me.change_password": (OPEN, OPEN),
    "me.attach_phone": (OPEN, OPEN),
    "me.set_away": (OPEN, OPEN),
    "me.export_me": (OPEN, OPEN),
    "me.list_consents": (OPEN, OPEN),
    "me.record_consent": (OPEN, OPEN),
    "me.enrol_totp": (OPEN, OPEN),
    "me.confirm_totp": (OPEN, OPEN),
    "me.remove_totp": (OPEN, OPEN),
    "sessions.list_sessions": ("-o+ooooooooooo", EMPTY),
    "sessions.give_ticket": (OPEN, OPEN),
    "sessions.close_current_session": (OPEN, OPEN),
    "sessions.close_session": ("-.+...........", HIDDEN),
    "notifications.list_inbox": ("-o+ooooooooooo", EMPTY),
    "notifications.count_unread": ("-o+ooooooooooo", EMPTY),
    "notifications.read_message": ("-.+...........", HIDDEN),
    "notifications.read_all_messages": (OPEN, OPEN),
    "notifications.list_messages": ("-xxxxxxxxxx+xx", BARRED),
    "jobs.list_slots": ("-xxxxxxxxxx+xx", BARRED),
    "jobs.list_given_up:message": ("-xxxxxxxxxx+xx", BARRED),
    "jobs.list_given_up:slot": ("-xxxxxxxxxx+xx", BARRED),
    # An administrator elsewhere finds a page, for the reminders of his or her own units.
    "jobs.list_given_up:all": ("-xxxxxxxxxx+xx", "-xxxxxxxxxxoxx"),
    "jobs.retry_given_up:message": ("-xxxxxxxxxx+xx", BARRED),
    "jobs.retry_given_up:slot": ("-xxxxxxxxxx+xx", BARRED),
    "files.upload_file": (OPEN, OPEN),
    "files.show_file": (PUBLIC, PUBLIC),
    "files.show_file:forged": ("." * 14, "." * 14),
    "sessions.log_in_wechat": (PUBLIC, PUBLIC),
    "sessions.log_in_password": (PUBLIC, PUBLIC),
    "sessions.refresh": (PUBLIC, PUBLIC),
    "openapi": (PUBLIC, PUBLIC),
    "docs": (PUBLIC, PUBLIC),
    "static": (PUBLIC, PUBLIC),
    "healthz": (PUBLIC, PUBLIC),
    "readyz": (PUBLIC, PUBLIC),
    "metrics": (PUBLIC, PUBLIC),
}

TABLES = (READING, DESK, HANDLING, MANY, IMPORTS, EXPORTS, PEOPLE, ORGANISATION, DEADLINES, SELF)
EXPECTED = {name: row for table in TABLES for name, row in table.items()}
