# One image for every process; docs/deployment.md shows them together.
FROM node:22-slim AS front-end
WORKDIR /srv/cxapp
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/cxapp
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY . .
COPY --from=front-end /srv/cxapp/node_modules node_modules
RUN for po in locale/*/LC_MESSAGES/django.po; do \
        if [ -f "$po" ]; then pybabel compile --input-file "$po" --output-file "${po%.po}.mo" --locale "$(basename "${po%/LC_MESSAGES/*}")"; fi; \
    done \
    && useradd --system --create-home cxapp && mkdir var && chown cxapp: var
USER cxapp
ENV BIND=0.0.0.0
EXPOSE 8000
VOLUME /srv/cxapp/var
CMD ["honcho", "-e", "/dev/null", "start", "web"]
