"""getFile."""

from sandbox.telegram import parameters as p
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import MAX_DOWNLOAD_BYTES
from sandbox.telegram.methods.method import Call, method
from sandbox.telegram.records import Json


@method("getFile", {"file_id": p.string})
async def get_file(call: Call) -> Json:
    file = call.backend.files.find(call.get("file_id", ""))
    if len(file.data) > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": call.given["file_id"],
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
        "file_path": file.path,
    }
