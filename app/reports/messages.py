"""The message of this room: a new bulletin."""

from app.kernel.messages import Template

MESSAGES: dict[str, Template] = {
    "order.bulletin": Template("工单通报", "{unit}{name}：{sentence}。"),
}
