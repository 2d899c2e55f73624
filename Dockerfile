# Builds a static binary and runs it as nobody on an empty image.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /cchcbot ./cmd/cchcbot && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /cchcbot /cchcbot
COPY --from=build --chown=65534:65534 /data /data
USER 65534:65534
ENV CCHCBOT_DATA=/data CCHCBOT_LISTEN=0.0.0.0:8080
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/cchcbot", "healthcheck"]
ENTRYPOINT ["/cchcbot"]
CMD ["serve"]
