"""Methods of the command menu."""

from sandbox.telegram import parameters as p
from sandbox.telegram.errors import bad_request
from sandbox.telegram.menus import Scope
from sandbox.telegram.methods.method import Call, method
from sandbox.telegram.records import Json


@method("setMyCommands", p.MENU | {"commands": p.array(p.record(p.COMMAND))})
async def set_my_commands(call: Call) -> bool:
    commands = [{**each, "command": each.get("command", "").removeprefix("/")} for each in call.get("commands", [])]
    call.backend.menus.set(_scope(call), call.get("language_code", ""), commands)
    return True


@method("getMyCommands", p.MENU)
async def get_my_commands(call: Call) -> list[Json]:
    return call.backend.menus.get(_scope(call), call.get("language_code", ""))


@method("deleteMyCommands", p.MENU)
async def delete_my_commands(call: Call) -> bool:
    call.backend.menus.delete(_scope(call), call.get("language_code", ""))
    return True


SCOPES = {
    "default": {"type"},
    "all_private_chats": {"type"},
    "all_group_chats": {"type"},
    "all_chat_administrators": {"type"},
    "chat": {"type", "chat_id"},
    "chat_administrators": {"type", "chat_id"},
    "chat_member": {"type", "chat_id", "user_id"},
}


def _scope(call: Call) -> Scope:
    given = call.get("scope", {"type": "default"})
    if given.get("type") not in SCOPES or set(given) != SCOPES[given["type"]]:
        raise bad_request("can't parse BotCommandScope: wrong type or fields")
    chat_id = call.backend.find_chat(given["chat_id"]).id if "chat_id" in given else None
    return Scope(given["type"], chat_id, given.get("user_id"))
