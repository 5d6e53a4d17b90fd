"""The control API of the stand-in of Telegram: what people do, and the chats as people see them.

GET  /_control/telegram/chats              every chat: [{chat_id, type, title, username, is_forum, topics, bot_status,
                                           action, messages, last}]; topics: [{thread_id, state}]
GET  /_control/telegram/chats/<id>         its messages now, oldest first; [] for an unknown chat
POST /_control/telegram/send               -> {message_id}; fields: people.NewMessage
POST /_control/telegram/edit               {chat_id, message_id, text}: a person edits a message of theirs
POST /_control/telegram/press              {chat_id, user_id, message_id, data} -> {callback_query_id}; of a deleted
                                           message the bot gets an InaccessibleMessage
GET  /_control/telegram/callbacks/<id>     the bot's answer to a press: {answered, text, show_alert, url}
POST /_control/telegram/botfather          {inline: true or false}: the owner's /setinline; off at first
POST /_control/telegram/inline             {user_id, query, language_code?} -> {inline_query_id}: a person types after
                                           the bot's name in some chat
GET  /_control/telegram/inline/<id>        what the bot offers: {answered, results}
POST /_control/telegram/member             {chat_id, status, user_id?, chat_type?, title?, username?}: user_id makes
                                           the bot member, administrator, restricted, left or kicked (in a private
                                           chat: blocked); username: a channel's
POST /_control/telegram/person             {chat_id, user_id, role?, first_name?, username?, language_code?}: a person
                                           of a chat, and the role there from now on
POST /_control/telegram/delete             {chat_id, message_id}: a person deletes a message
POST /_control/telegram/migrate            {chat_id} -> {chat_id}: the supergroup that a group becomes
POST /_control/telegram/topic              {chat_id, thread_id, state}: open, closed or deleted
GET  /_control/telegram/commands           ?chat_id=&user_id=&language_code=: the commands that a client shows there
GET  /_control/telegram/files/<path>       the bytes of a photo or a document
GET  /_control/ready                       200 once a bot polls or has a webhook, else 503
"""

from typing import Any

from aiohttp import web

from sandbox.control import BadInputError, check_fields, integer, read_fields
from sandbox.telegram import people
from sandbox.telegram.backend import Backend
from sandbox.telegram.people import NewMessage
from sandbox.telegram.records import Chat, Content, File, Json, Message, Photo

OPTIONAL_FIELDS: dict[str, type] = {
    "chat_type": str,
    "thread_id": int,
    "title": str,
    "username": str,
    "first_name": str,
    "language_code": str,
    "role": str,
    "reply_to": int,
    "forwarded": bool,
    "via_bot": bool,
    "media": str,
    "location": dict,
    "document": dict,
}
DOCUMENT_FIELDS: dict[str, type] = {"name": str, "content": str}


class Control:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[web.RouteDef]:
        base = "/_control/telegram"
        return [
            web.get(f"{base}/chats", self._list_chats),
            web.get(f"{base}/chats/{{id}}", self._show_chat),
            web.post(f"{base}/send", self._send),
            web.post(f"{base}/edit", self._edit),
            web.post(f"{base}/press", self._press),
            web.get(f"{base}/callbacks/{{id}}", self._show_callback),
            web.post(f"{base}/botfather", self._set_bot),
            web.post(f"{base}/inline", self._type_inline),
            web.get(f"{base}/inline/{{id}}", self._show_inline),
            web.post(f"{base}/member", self._change_bot_status),
            web.post(f"{base}/person", self._introduce),
            web.post(f"{base}/delete", self._delete),
            web.post(f"{base}/migrate", self._migrate),
            web.post(f"{base}/topic", self._set_topic),
            web.get(f"{base}/commands", self._show_commands),
            web.get(f"{base}/files/{{path:.+}}", self._download),
            web.get("/_control/ready", self._show_ready),
        ]

    async def _list_chats(self, _: web.Request) -> web.Response:
        return web.json_response([_chat_view(chat, self._backend.now()) for chat in self._backend.chats.values()])

    async def _show_chat(self, request: web.Request) -> web.Response:
        chat = self._backend.chats.get(integer(request.match_info["id"], "the chat's id"))
        return web.json_response([_message_view(each) for each in chat.messages.values()] if chat else [])

    async def _send(self, request: web.Request) -> web.Response:
        fields = await read_fields(
            request, required={"chat_id": int, "user_id": int, "text": str}, optional=OPTIONAL_FIELDS
        )
        _check_choice(fields, "role", people.ROLES)
        _check_choice(fields, "media", people.MEDIA)
        if "location" in fields and not {"latitude", "longitude"} <= fields["location"].keys():
            raise BadInputError("location needs latitude and longitude, in degrees")
        if "document" in fields:
            check_fields(fields["document"], required=DOCUMENT_FIELDS, optional={})
        elif not fields["text"]:
            raise BadInputError("text is empty")
        return web.json_response({"message_id": people.send(self._backend, NewMessage(**fields)).message_id})

    async def _edit(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"chat_id": int, "message_id": int, "text": str})
        return web.json_response({"message_id": people.edit(self._backend, **fields).message_id})

    async def _press(self, request: web.Request) -> web.Response:
        required = {"chat_id": int, "user_id": int, "message_id": int, "data": str}
        callback = people.press(self._backend, **await read_fields(request, required=required))
        return web.json_response({"callback_query_id": callback.id})

    async def _show_callback(self, request: web.Request) -> web.Response:
        callback = self._backend.callbacks.get(request.match_info["id"])
        if callback is None:
            raise BadInputError("nobody pressed a button with this callback id")
        return web.json_response(vars(callback))

    async def _set_bot(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"inline": bool})
        self._backend.has_inline_mode = fields["inline"]
        return web.json_response(fields)

    async def _type_inline(self, request: web.Request) -> web.Response:
        required, optional = {"user_id": int, "query": str}, {"language_code": str}
        fields = await read_fields(request, required=required, optional=optional)
        return web.json_response({"inline_query_id": people.type_inline(self._backend, **fields).id})

    async def _show_inline(self, request: web.Request) -> web.Response:
        asked = self._backend.inline_requests.get(request.match_info["id"])
        if asked is None:
            raise BadInputError("nobody typed anything with this id")
        return web.json_response(vars(asked))

    async def _change_bot_status(self, request: web.Request) -> web.Response:
        fields = await read_fields(
            request,
            required={"chat_id": int, "status": str},
            optional={"user_id": int, "chat_type": str, "title": str, "username": str},
        )
        status = {"blocked": "kicked", "unblocked": "member"}.get(fields["status"], fields["status"])
        _check_choice({"status": status}, "status", people.BOT_STATUSES)
        people.change_membership(self._backend, status=status, **_without(fields, "status"))
        return web.json_response({"status": status})

    async def _introduce(self, request: web.Request) -> web.Response:
        about = {"role": str, "first_name": str, "username": str, "language_code": str}
        fields = await read_fields(request, required={"chat_id": int, "user_id": int}, optional=about)
        _check_choice(fields, "role", people.ROLES)
        people.introduce(self._backend, **fields)
        return web.json_response({"user_id": fields["user_id"]})

    async def _delete(self, request: web.Request) -> web.Response:
        people.delete(self._backend, **await read_fields(request, required={"chat_id": int, "message_id": int}))
        return web.json_response({"deleted": True})

    async def _migrate(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"chat_id": int})
        return web.json_response({"chat_id": people.migrate(self._backend, fields["chat_id"]).id})

    async def _set_topic(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, required={"chat_id": int, "thread_id": int, "state": str})
        _check_choice(fields, "state", people.TOPIC_STATES)
        people.set_topic(self._backend, **fields)
        return web.json_response({"state": fields["state"]})

    async def _show_commands(self, request: web.Request) -> web.Response:
        chat_id = integer(request.query.get("chat_id", "1"), "chat_id")
        user_id = integer(request.query.get("user_id", "0"), "user_id")
        # Clients show the commands of a chat before anybody has written there.
        chat = self._backend.chats.get(chat_id) or Chat(chat_id, "private" if chat_id > 0 else "supergroup")
        language = request.query.get("language_code", "")[:2]
        return web.json_response(self._backend.menus.visible(chat, user_id, language))

    async def _download(self, request: web.Request) -> web.Response:
        file = self._backend.files.at_path(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        return file_response(file)

    async def _show_ready(self, _: web.Request) -> web.Response:
        ready = self._backend.updates.is_ready
        return web.json_response({"ready": ready}, status=200 if ready else 503)


def file_response(file: File) -> web.Response:
    return web.Response(body=file.data, content_type=file.content_type, headers={"Cache-Control": "max-age=86400"})


def _chat_view(chat: Chat, now: float) -> Json:
    action, until = chat.action
    last = next(reversed(chat.messages.values()), None)
    return {
        "chat_id": chat.id,
        "type": chat.type,
        "title": chat.title or chat.first_name,
        "username": chat.username,
        "is_forum": chat.is_forum,
        "topics": [{"thread_id": thread_id, "state": state} for thread_id, state in chat.topics.items()],
        "bot_status": chat.bot_status,
        "migrated_to": chat.migrated_to,
        "action": action if now < until else None,
        "messages": len(chat.messages),
        "last": _message_view(last) if last else None,
    }


def _message_view(message: Message) -> Json:
    content = message.content
    return {
        "message_id": message.message_id,
        "from": (message.sender_chat or message.sender).json() if not message.by_bot else message.sender.json(),
        "by_bot": message.by_bot,
        "date": message.date,
        "edit_date": message.edit_date,
        "edits": message.edits,
        **_text_view(content),
        "photo": _photo_view(content.file),
        "document": _document_view(content.file),
        "keyboard": message.keyboard,
        "forces_reply": message.forces_reply,
        "thread_id": message.thread_id,
        "reply_to": message.reply_to.message_id if message.reply_to else None,
        "pinned": message.message_id in message.chat.pinned,
        "service": message.service or None,
    }


def _text_view(content: Content) -> Json:
    names = ("caption", "caption_entities") if content.file else ("text", "entities")
    empty: dict[str, Any] = {"text": None, "entities": [], "caption": None, "caption_entities": []}
    return {**empty, names[0]: content.text or None, names[1]: content.entities}


def _photo_view(file: File | None) -> Json | None:
    if not isinstance(file, Photo):
        return None
    size = {"width": file.width, "height": file.height, "bytes": len(file.data)}
    return {"file_id": file.file_id, **size, "url": _url(file)}


def _document_view(file: File | None) -> Json | None:
    if file is None or isinstance(file, Photo):
        return None
    return {"file_id": file.file_id, "file_name": file.file_name, "bytes": len(file.data), "url": _url(file)}


def _url(file: File) -> str:
    return f"/_control/telegram/files/{file.path}"


def _check_choice(fields: Json, name: str, choices: tuple[str, ...]) -> None:
    if name in fields and fields[name] not in choices:
        raise BadInputError(f"{name} must be one of {', '.join(choices)}, not {fields[name]!r}")


def _without(fields: Json, name: str) -> Json:
    return {key: value for key, value in fields.items() if key != name}
