"""The permissions of orders, with the roles that hold them."""

from app.kernel.permissions import Permission
from app.people import roles

_GRID_AND_DESK = (roles.GRID_WORKER, *roles.DUTY_AND_ABOVE)

PERMISSIONS = (
    Permission("orders.see", "查看本单位工单", roles=_GRID_AND_DESK),
    Permission("orders.see_sensitive", "查看保密类工单", roles=roles.DISPATCHER_AND_ABOVE),
    Permission("orders.enter", "代居民下单", roles=(roles.BUILDING_LEADER, *_GRID_AND_DESK)),
    Permission("orders.acknowledge", "签收", roles=roles.DUTY_AND_ABOVE),
    Permission("orders.dispatch", "派单", roles=roles.DUTY_AND_ABOVE),
    Permission("orders.manage", "管理工单", roles=roles.DISPATCHER_AND_ABOVE),
    Permission("orders.settle", "当场办结", roles=_GRID_AND_DESK),
    Permission("orders.claim", "接单", roles=(roles.MEMBER, roles.VOLUNTEER)),
    Permission("orders.handle", "被派单办理", roles=(roles.PROVIDER, *_GRID_AND_DESK)),
    Permission("orders.follow_up", "回访", roles=(roles.GRID_WORKER, *roles.DISPATCHER_AND_ABOVE)),
    Permission("orders.lead", "研判", roles=roles.LEADER_AND_ABOVE),
    Permission("orders.supervise", "督办", roles=roles.LEADER_AND_ABOVE),
    Permission("orders.reveal", "查看联系方式", roles=roles.DUTY_AND_ABOVE),
    Permission("orders.appeal", "复核申诉", roles=roles.OFFICERS),
)
