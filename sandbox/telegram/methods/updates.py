"""The bot itself and its updates."""

from sandbox.telegram import parameters as p
from sandbox.telegram.methods.method import Call, method
from sandbox.telegram.records import BOT, Json
from sandbox.telegram.updates import LONGEST_POLL_S
from sandbox.telegram.webhooks import check_webhook

MOST_UPDATES = 100


@method("getMe", {})
async def get_me(_: Call) -> Json:
    abilities = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return BOT.json() | abilities


@method(
    "getUpdates",
    {"offset": p.integer, "limit": p.integer, "timeout": p.integer, "allowed_updates": p.array(p.string)},
)
async def get_updates(call: Call) -> list[Json]:
    mailbox = call.world.updates.mailbox(call.token)
    limit = call.get("limit", MOST_UPDATES)
    if not 1 <= limit <= MOST_UPDATES:
        limit = MOST_UPDATES
    if not mailbox.webhook:
        call.world.updates.confirm(mailbox, call.get("offset", 0))
        mailbox.allow(call.get("allowed_updates"))
    timeout_s = max(0, min(call.get("timeout", 0), LONGEST_POLL_S))
    return [update.json() for update in await mailbox.poll(limit=limit, timeout_s=timeout_s)]


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
    mailbox = call.world.updates.mailbox(call.token)
    mailbox.allow(call.get("allowed_updates"))
    if call.get("drop_pending_updates"):
        call.world.updates.drop(mailbox)
    call.world.updates.use_webhook(mailbox, webhook)
    return True


@method("deleteWebhook", {"drop_pending_updates": p.boolean})
async def delete_webhook(call: Call) -> bool:
    mailbox = call.world.updates.mailbox(call.token)
    if call.get("drop_pending_updates"):
        call.world.updates.drop(mailbox)
    call.world.updates.use_webhook(mailbox, None)
    return True


@method("getWebhookInfo", {})
async def get_webhook_info(call: Call) -> Json:
    return call.world.updates.mailbox(call.token).info()
