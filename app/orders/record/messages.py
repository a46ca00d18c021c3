"""What people are told about an order, moment by moment; params hold nothing personal in clear."""

from app.kernel.messages import Template

MESSAGES: dict[str, Template] = {
    "order.placed": Template("已收到您的下单", "您的{number}号工单已提交，社区正在安排。"),
    "order.new": Template("有新工单", "{number}号工单“{category}”等待派单。"),
    "order.emergency": Template(
        "特急工单，请马上处理", "{number}号特急工单“{category}”，请立即签收。"
    ),
    "order.acknowledged": Template("已签收", "您的{number}号工单，值班人员已收到。"),
    "order.settled": Template(
        "已答复，请您确认", "您的{number}号工单已当场答复，请您看一看是否解决了。"
    ),
    "order.pooled": Template("正在找人办理", "您的{number}号工单正在找人办理。"),
    "order.offered": Template(
        "社区请您接单", "{number}号工单“{category}”想请您办理，请在{hours}内答复。"
    ),
    "order.assigned": Template("有工单派给您", "{number}号工单“{category}”已派给您，请尽快办理。"),
    "order.companion": Template("请结伴办理", "{number}号工单须结伴同行，请您与{others}一起办理。"),
    "order.claimed": Template("有人接单了", "您的{number}号工单，{handler}已接单。"),
    "order.claimed_staff": Template("已接单", "{number}号工单由{handler}接单。"),
    "order.declined": Template("对方暂不接单", "{number}号工单，{handler}暂时不能接，请另行安排。"),
    "order.reassigned_away": Template(
        "工单已改派", "{number}号工单已改派他人，您不用再办理，谢谢您。"
    ),
    "order.reassigned": Template("换人办理", "您的{number}号工单换人办理，请您放心。"),
    "order.appointed": Template("约好了时间", "您的{number}号工单，{handler}将在{time}前来。"),
    "order.started": Template("开始办理", "您的{number}号工单已经开始办理。"),
    "order.progress": Template("有新进展", "您的{number}号工单有新进展，点开看看。"),
    "order.lapsed": Template("超时未接", "{number}号工单超时无人接单，请重新安排。"),
    "order.lapsed_holder": Template("工单已退回", "{number}号工单长时间没有进展，已退回接单大厅。"),
    "order.stale": Template("请尽快反馈", "{number}号工单还没有进展，请尽快联系居民并反馈。"),
    "order.unclaimed": Template("无人接单", "{number}号工单在接单大厅无人接，请指派。"),
    "order.backstop": Template("请兜底办理", "{number}号工单超过48小时无人接，请您安排办理。"),
    "order.recalled": Template("工单已收回", "{number}号工单已由社区收回，您不用再办理。"),
    "order.returned": Template("工单被退回", "{number}号工单被退回，请重新安排。"),
    "order.leader_assigns": Template("请领导指派", "{number}号工单已两次退回，请您指派办理人。"),
    "order.suspended": Template("暂缓办理", "您的{number}号工单暂缓办理，预计{time}恢复。"),
    "order.long_term": Template("新增挂账", "{number}号工单已挂账，请按月过问。"),
    "order.resumed": Template("恢复办理", "{number}号工单已恢复办理。"),
    "order.completed": Template(
        "已办好，请您确认", "您的{number}号工单已办好，请您看看解决了没有。"
    ),
    "order.to_check": Template("请核查", "{number}号工单已提交办结，请核查。"),
    "order.check_failed": Template("核查未通过", "{number}号工单核查没有通过，请继续办理。"),
    "order.please_rate": Template(
        "请您评价", "您的{number}号工单已办好，还没有听到您的意见，请点开说一声。"
    ),
    "order.rated": Template("居民已评价", "{number}号工单居民已确认解决，谢谢您。"),
    "order.unsolved": Template("居民说没解决", "{number}号工单居民反映没有解决，已重新办理。"),
    "order.unsolved_again": Template(
        "居民又说没解决", "{number}号工单居民再次反映没有解决，等社区负责人研判。"
    ),
    "order.dissatisfied": Template("请回访", "{number}号工单已解决，但居民不满意，请回访。"),
    "order.decide": Template("请研判", "{number}号工单两次未解决，请您研判。"),
    "order.closed": Template("已办结", "您的{number}号工单已办结。"),
    "order.closed_unrecognised": Template(
        "已办结",
        "您的{number}号工单经社区和上级单位研判后办结。您若不认可，30天内可以要求重新办理。",
    ),
    "order.reopened": Template("重新办理", "{number}号工单要求重新办理。"),
    "order.appeal": Template("有申诉", "{number}号工单的申请人不同意不予受理，请复核。"),
    "order.reported_up": Template("下级上报", "{number}号工单请求上级办理，请答复。"),
    "order.due_soon": Template("快到期了", "{number}号工单的“{stage}”请在{time}前完成。"),
    "order.overdue": Template(
        "已超期", "{number}号工单的“{stage}”应在{time}前完成，请马上办理，并写明超期原因。"
    ),
    "order.escalated": Template(
        "超期督办", "{number}号工单的“{stage}”应在{time}前完成，至今没有完成，请您督办。"
    ),
    "order.due_digest": Template(
        "工单到期提醒", "您有{count}件工单快到期或已超期（其中超期{late}件）：{numbers}。"
    ),
    "order.supervised": Template("上级督办", "{number}号工单被上级督办，请抓紧。"),
    "order.transfer_asked": Template("请签收转办", "{number}号工单转来本单位，请签收或退单。"),
    "order.transferred": Template("已转办", "您的{number}号工单已转到{unit}办理。"),
    "order.part": Template("会办任务", "{number}号工单请本单位会办，请安排。"),
    "order.gathered": Template("会办完成", "{number}号工单各方都已办完。"),
    "order.amended": Template("信息有更正", "{number}号工单的信息有更正，请点开看看。"),
    "order.asked": Template("请您补充", "您的{number}号工单还缺一点情况，请点开补充。"),
    "order.answered": Template("居民已补充", "{number}号工单居民已补充说明。"),
    "order.planned": Template(
        "新的立项计划", "{number}号工单一个月内办不完，已报立项计划，请过问。"
    ),
    "order.extended": Template("办理时间有变化", "您的{number}号工单预计{time}前办结。"),
    "order.merged": Template("合并办理", "您的{number}号工单与{root}号一起办理。"),
    "order.unmerged": Template("单独办理", "您的{number}号工单改为单独办理。"),
    "order.rejected": Template(
        "不属本平台受理", "您的{number}号工单不属本平台受理，请点开看应找哪里。"
    ),
    "order.cancelled": Template("已撤回", "{number}号工单已撤回，不用再办理。"),
    "order.urged": Template("居民催单", "{number}号工单居民催办，请尽快办理并回复。"),
    "order.not_come": Template("居民说没来", "{number}号工单居民反映约好了没有人来，请马上核实。"),
    "order.no_show_confirmed": Template(
        "未按约上门", "{number}号工单经核实没有按约上门，请与社区联系。"
    ),
    "order.no_show_heard": Template(
        "没有按约上门", "您反映{number}号工单没有人来，已核实属实，社区会另行安排，给您添麻烦了。"
    ),
    "order.no_show_denied": Template(
        "已核实上门情况",
        "您反映{number}号工单没有人来，社区问过双方，没有认定；如有不同意见请来电。",
    ),
    "order.comment": Template("有新留言", "{number}号工单有新留言。"),
    "order.joined": Template("又有居民遇到", "{number}号工单又有一位居民遇到同样的情况。"),
    "order.joiner_unsolved": Template(
        "附议的居民说没好", "{number}号工单办完后，附议的居民说自己那里还没好，请核实。"
    ),
    "order.outcome": Template(
        "您关注的事办好了", "您附议的{number}号工单已办好，若您这里还没好请告诉我们。"
    ),
    "order.asked_agreement": Template("请您答复", "{number}号工单有一项申请等待答复：{what}。"),
    "order.agreed": Template("申请已同意", "{number}号工单的申请已同意：{what}。"),
    "order.refused": Template("申请未同意", "{number}号工单的申请未同意：{what}。"),
    "order.request_lapsed": Template(
        "申请已失效", "{number}号工单的申请超时无人答复，已失效：{what}。"
    ),
    "order.released": Template("办理人有变动", "{number}号工单原办理人不再办理，已回到接单大厅。"),
    "order.requester_left": Template(
        "居民已注销", "{number}号工单的下单人已注销，请照常办理或办结。"
    ),
    "order.unit_closed": Template("单位调整", "{number}号工单因单位调整转来本单位。"),
    "order.no_dispatcher": Template(
        "单位没有派单员了", "“{unit}”已没有派单员，工单由上级单位派单，请尽快任命。"
    ),
    "order.attached": Template("工单已关联", "您以前的{number}号工单已关联到您的账号。"),
}
