"""What may still be seen and done after a right was lost: a literal cell for each way and each loss.

A cell is what the probes of the way (see `WAYS` in `scene.py`) answered before and after, and why. A
letter is one probe: `+` done, `x` refused (403), `.` missing (404), `-` logged out (401), `c` not
possible any more (409). Seeing an order: `F` with the resident's words, `r` the record alone. Reading
its history: `a` rows of others too, `o` only own rows, `n` none. Holding: `h` still, `b` it went back.
"""

REGISTRATION, ROLE, MOVED = "registration ended", "role ended", "moved"
UNLINKED, DEACTIVATED, ERASED = "provider unlinked", "deactivated", "erased"
CLOSED, CONFIDENTIAL = "unit closed", "confidential"

Cell = tuple[str, str, str]
_RECORD = "it goes back; what is left is the record of what he or she did"
_UNTOUCHED = "it goes back; he or she has done nothing, so the record is empty"
_OUT = "it goes back; nobody logs in"
_GOES_ALONG = "order, grant and person go to the successor together"
_CHOSEN = "the desk has chosen the handler by name; a confidential order is given so"
_FROM_POOL = "nobody chose the handler, so the desk chooses anew"

AFTERWARDS: dict[str, dict[str, Cell]] = {
    # sees, reads, reveals, reports, holds
    "claim": {
        REGISTRATION: ("Fa++h", "roxxb", _RECORD),
        MOVED: ("Fa++h", "roxxb", _RECORD),
        DEACTIVATED: ("Fa++h", "----b", _OUT),
        ERASED: ("Fa++h", "----b", _OUT),
        CLOSED: ("Fa++h", "Fa++h", _GOES_ALONG),
        CONFIDENTIAL: ("Fa++h", "roxxb", _FROM_POOL),
    },
    # sees, reads, reveals, claims, holds
    "offer": {
        REGISTRATION: ("Fax+h", "....b", "an offer leaves no record"),
        MOVED: ("Fax+h", "....b", "an offer leaves no record"),
        DEACTIVATED: ("Fax+h", "----b", _OUT),
        ERASED: ("Fax+h", "----b", _OUT),
        CLOSED: ("Fax+h", "Fax+h", _GOES_ALONG),
        CONFIDENTIAL: ("Fax+h", "Faxxh", f"{_CHOSEN}; this category wants a vetted person"),
    },
    "assignment": {
        ROLE: ("Fa++h", "rnxxb", _UNTOUCHED),
        MOVED: ("Fa++h", "rnxxb", _UNTOUCHED),
        DEACTIVATED: ("Fa++h", "----b", _OUT),
        ERASED: ("Fa++h", "----b", _OUT),
        CLOSED: ("Fa++h", "Fa++h", _GOES_ALONG),
        CONFIDENTIAL: ("Fa++h", "Fa++h", _CHOSEN),
    },
    "support": {
        REGISTRATION: ("Fa++h", "roxxb", "a support runs while its member is one somewhere"),
        MOVED: ("Fa++h", "Faxxb", "it went back to the pool, from which he or she may now claim"),
        DEACTIVATED: ("Fa++h", "----b", _OUT),
        ERASED: ("Fa++h", "----b", _OUT),
        CLOSED: ("Fa++h", "Fa++h", "the order comes to the member's own unit"),
        CONFIDENTIAL: ("Fa++h", "roxxb", _FROM_POOL),
    },
    # sees, reads, reveals, speaks, holds
    "helper": {
        REGISTRATION: ("Fa++h", "....b", "who has not helped to the end did not help"),
        MOVED: ("Fa++h", "....b", "who has not helped to the end did not help"),
        DEACTIVATED: ("Fa++h", "----b", _OUT),
        ERASED: ("Fa++h", "----b", _OUT),
        CLOSED: ("Fa++h", "Fa++h", _GOES_ALONG),
        CONFIDENTIAL: ("Fa++h", "Fa++h", _CHOSEN),
    },
    "pair": {
        REGISTRATION: ("Fa++h", "roxxb", _RECORD),
        MOVED: ("Fa++h", "roxxb", _RECORD),
        DEACTIVATED: ("Fa++h", "----b", _OUT),
        ERASED: ("Fa++h", "----b", _OUT),
        CLOSED: ("Fa++h", "Fa++h", _GOES_ALONG),
        CONFIDENTIAL: ("Fa++h", "Fa++h", _CHOSEN),
    },
    "provider account": {
        ROLE: ("Fa++h", "rnxxb", "the firm keeps the order; the account has no grant"),
        MOVED: ("Fa++h", "rnxxb", "the firm keeps the order; the account serves another unit"),
        UNLINKED: ("Fa++h", "rnxxb", "the firm keeps the order; it has no account"),
        DEACTIVATED: ("Fa++h", "----b", "the firm keeps the order; nobody logs in"),
        ERASED: ("Fa++h", "----b", "the firm keeps the order; nobody logs in"),
        CLOSED: ("Fa++h", "Fa++h", _GOES_ALONG),
        CONFIDENTIAL: ("Fa++h", "Fa++h", _CHOSEN),
    },
    # sees, reads, reveals, cancels
    "split": {
        ROLE: ("Fox+", "....", "the part was the dispatcher's by the role alone"),
        MOVED: (
            "Fox+",
            "Fo+x",
            "staff of the unit that handles the part now, and not its requester",
        ),
        DEACTIVATED: ("Fox+", "----", _OUT),
        ERASED: ("Fox+", "----", _OUT),
        CLOSED: ("Fox+", "Fo++", "the parent came to the same unit, where he or she dispatches"),
        CONFIDENTIAL: ("Fox+", "Fox+", "a dispatcher may know of a confidential parent"),
    },
    # sees, reads, reveals, speaks
    "completed": {
        ROLE: ("Fax+", "roxx", "no staff any more: the record, and no word before the rating"),
        MOVED: ("Fax+", "roxx", "no staff any more: the record, and no word before the rating"),
        DEACTIVATED: ("Fax+", "----", "nobody logs in"),
        ERASED: ("Fax+", "----", "nobody logs in"),
        CLOSED: ("Fax+", "Fax+", _GOES_ALONG),
    },
    "pending support": {
        REGISTRATION: ("+", "c", "the request has lapsed: its person is no member"),
        MOVED: ("+", "c", "the request has lapsed: its person may claim it now"),
        DEACTIVATED: ("+", "c", "the request has lapsed"),
        ERASED: ("+", "c", "the request has lapsed"),
        CLOSED: ("+", "c", "the order is of the member's own unit now, who claims it"),
        CONFIDENTIAL: ("+", "c", "it left the pool, and with it the request"),
    },
    "pending transfer": {
        ROLE: ("+", ".", "the request has lapsed, so the other unit sees nothing"),
        MOVED: ("+", ".", "the request has lapsed, so the other unit sees nothing"),
        DEACTIVATED: ("+", ".", "the request has lapsed, so the other unit sees nothing"),
        ERASED: ("+", ".", "the request has lapsed, so the other unit sees nothing"),
        CLOSED: ("+", "+", "the dispatcher went along with the order, and may ask still"),
        CONFIDENTIAL: ("+", "+", "both may know of a confidential order"),
    },
    "watching": {
        DEACTIVATED: ("+", "-", "nobody logs in"),
        ERASED: ("+", "-", "nobody logs in"),
        CLOSED: ("+", "+", "a neighbour needs no post to follow it"),
        CONFIDENTIAL: ("+", ".", "nobody follows a confidential order"),
    },
    # fetches, opens
    "export": {
        ROLE: ("++", "..", "deleted with the role"),
        MOVED: ("++", "..", "deleted with the role; the new one is for other orders"),
        DEACTIVATED: ("++", "-.", "deleted; nobody logs in"),
        ERASED: ("++", "-.", "deleted; nobody logs in"),
        CLOSED: ("++", "x.", "the rights over the closed unit are gone; a new one is made anew"),
        CONFIDENTIAL: ("++", "++", "a dispatcher may know of a confidential order"),
    },
    "bulk run": {
        ROLE: ("+", ".", "an order that is not seen is missing in the repeated answer"),
        MOVED: ("+", ".", "an order that is not seen is missing in the repeated answer"),
        DEACTIVATED: ("+", "-", "nobody logs in"),
        ERASED: ("+", "-", "nobody logs in"),
        CLOSED: ("+", "+", _GOES_ALONG),
        CONFIDENTIAL: ("+", "+", "a dispatcher may know of a confidential order"),
    },
    # matches, applies
    "matching": {
        ROLE: ("++", "x.", "proposed earlier, judged today"),
        MOVED: ("++", "x.", "proposed earlier, judged today"),
        DEACTIVATED: ("++", "--", "nobody logs in"),
        ERASED: ("++", "--", "nobody logs in"),
        CLOSED: ("++", "x+", "no matching of a closed unit; the order went along"),
    },
    # looks, imports
    "import": {
        ROLE: ("++", "..", "the file has expired"),
        MOVED: ("++", "..", "the file has expired: it is for the old unit"),
        DEACTIVATED: ("++", "--", "the file has expired; nobody logs in"),
        ERASED: ("++", "--", "the file has expired; nobody logs in"),
        CLOSED: ("++", "..", "it is for a unit that is closed"),
    },
    "file link": {
        REGISTRATION: ("+", "x", "the record has no pictures"),
        MOVED: ("+", "x", "the record has no pictures"),
        DEACTIVATED: ("+", "-", "nobody logs in"),
        ERASED: ("+", "-", "nobody logs in"),
        CLOSED: ("+", "+", _GOES_ALONG),
        CONFIDENTIAL: ("+", "x", _FROM_POOL),
    },
}
