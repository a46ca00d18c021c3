"""What people are told by this room; params hold nothing personal in clear."""

from app.kernel.messages import Template

MESSAGES: dict[str, Template] = {
    "order.companion": Template("请结伴办理", "{number}号工单须结伴同行，请您与{others}一起办理。"),
}
