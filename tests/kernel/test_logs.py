"""What goes wrong is logged without what it was about."""

import json

import pytest
import structlog
from sqlalchemy import insert

from app.kernel.database import session
from app.kernel.database.fast.rows import table_of
from app.kernel.http import App
from app.kernel.logs import set_up
from app.orders.ticket.models import OrderSearch

SAID = "欧阳家漏水\n请打13812345678"


@pytest.mark.parametrize("missing", ["grams", "text"])
def test_a_refused_row_is_not_quoted(
    app: App, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    """Neither by SQLAlchemy, which names the parameters, nor by PostgreSQL, which names the row."""
    set_up("INFO")
    row = {"order_id": 1, "text": SAID, "grams": [SAID]} | {missing: None}
    try:
        with session.begin_nested():
            session.execute(insert(table_of(OrderSearch)), row)
    except Exception as failure:
        structlog.get_logger("test").error("job.failed", exc_info=failure)
    else:
        pytest.fail("the row was taken")
    finally:
        structlog.reset_defaults()
    logged = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert "order_search" in logged["exception"]
    assert "欧阳" not in logged["exception"]
    assert "13812345678" not in logged["exception"]
