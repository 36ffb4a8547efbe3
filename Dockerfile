# syntax=docker/dockerfile:1
# Voxhouse for docker-compose.yml and deploy/kubernetes: one image for web, worker, beat and what is done once.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/voxhouse
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements requirements
# misaki's metadata excludes newer Pythons without need; see requirements/install.sh.
RUN pip install --ignore-requires-python --require-hashes --requirement requirements/runtime.txt
COPY . .
# What only some need, as in --build-arg EXTRAS=s3; all else is there already.
ARG EXTRAS=
RUN pip install --no-build-isolation --editable ".${EXTRAS:+[$EXTRAS]}" \
 && python -m compileall -q platform accounts tts_engine

FROM python:3.11-slim-bookworm
# The same number as in the manifests, which nginx has as well: both read the stored audio.
RUN groupadd --gid 10001 voxhouse \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/voxhouse --create-home voxhouse
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/voxhouse /srv/voxhouse
WORKDIR /srv/voxhouse
# Nothing is written but to /var/lib/voxhouse and /tmp: the rest may be read-only. A process speaks on one core.
ENV PATH=/opt/venv/bin:$PATH \
    VOXHOUSE_HOME=/var/lib/voxhouse \
    HOST=0.0.0.0 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1
USER 10001:10001
VOLUME /var/lib/voxhouse
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-m", "config.alive", "web"]
CMD ["python", "-m", "config.web"]
