"""getMe, and the methods of updates and webhooks."""

from sandbox.telegram import parameters as p
from sandbox.telegram.methods.method import Call, method
from sandbox.telegram.records import BOT, Json
from sandbox.telegram.updates import MAX_POLL_S
from sandbox.telegram.webhooks import check_webhook

MAX_UPDATES = 100


@method("getMe", {})
async def get_me(call: Call) -> Json:
    abilities = {"can_join_groups": True, "can_read_all_group_messages": False}
    return BOT.json() | abilities | {"supports_inline_queries": call.backend.has_inline_mode}


@method(
    "getUpdates",
    {"offset": p.integer, "limit": p.integer, "timeout": p.integer, "allowed_updates": p.array(p.string)},
)
async def get_updates(call: Call) -> list[Json]:
    queue = call.backend.updates.queue(call.token)
    limit = call.get("limit", MAX_UPDATES)
    if not 1 <= limit <= MAX_UPDATES:
        limit = MAX_UPDATES
    if not queue.webhook:
        call.backend.updates.confirm(queue, call.get("offset", 0))
        queue.allow(call.get("allowed_updates"))
    timeout_s = max(0, min(call.get("timeout", 0), MAX_POLL_S))
    return [update.json() for update in await queue.poll(limit=limit, timeout_s=timeout_s)]


@method(
    "setWebhook",
    {
        "url": p.string,
        "certificate": p.file,
        "ip_address": p.string,
        "max_connections": p.integer,
        "allowed_updates": p.array(p.string),
        "drop_pending_updates": p.boolean,
        "secret_token": p.string,
    },
)
async def set_webhook(call: Call) -> bool:
    webhook = check_webhook(call.given)
    queue = call.backend.updates.queue(call.token)
    queue.allow(call.get("allowed_updates"))
    if call.get("drop_pending_updates"):
        call.backend.updates.drop(queue)
    call.backend.updates.use_webhook(queue, webhook)
    return True


@method("deleteWebhook", {"drop_pending_updates": p.boolean})
async def delete_webhook(call: Call) -> bool:
    queue = call.backend.updates.queue(call.token)
    if call.get("drop_pending_updates"):
        call.backend.updates.drop(queue)
    call.backend.updates.use_webhook(queue, None)
    return True


@method("getWebhookInfo", {})
async def get_webhook_info(call: Call) -> Json:
    return call.backend.updates.queue(call.token).info()
