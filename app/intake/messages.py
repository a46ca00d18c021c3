"""What people are told by this room; a banner's words are public."""

from app.kernel.messages import Template

MESSAGES: dict[str, Template] = {
    "banner.ended": Template("已经恢复", "“{text}”已经结束。{note}"),
    "banner.moved": Template("时间有变", "“{text}”改为{since}至{until}。"),
}
