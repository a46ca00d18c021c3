"""The messages of this room; the words of a banner are public, so a message may repeat them."""

from app.kernel.messages import Template

MESSAGES: dict[str, Template] = {
    "banner.ended": Template("已经恢复", "“{text}”已经结束。{note}"),
    "banner.moved": Template("时间有变", "“{text}”改为{since}至{until}。"),
}
