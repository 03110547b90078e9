{{/* The name of all objects: that of the release, which says pushless. */}}
{{- define "pushless.name" -}}
{{- if contains "pushless" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-pushless" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pushless.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "pushless.labels" -}}
app.kubernetes.io/name: {{ include "pushless.name" . }}
{{- end -}}

{{/* A number of values.yaml is a float, which would be written as 1e+06. */}}
{{- define "pushless.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* The variables of the container, sorted by name. */}}
{{- define "pushless.environment" -}}
{{- $name := include "pushless.name" . -}}
{{- $service := printf "%s.%s" $name .Release.Namespace -}}
{{- $hosts := concat (list $name $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service)) .Values.hosts -}}
{{- $environment := dict
  "PUSHLESS_CACHES" (join " " .Values.caches)
  "PUSHLESS_HOSTS" (join " " $hosts)
  "PUSHLESS_LISTEN" (printf "0.0.0.0:%d" (int64 .Values.port))
  "PUSHLESS_STATE" "/var/lib/pushless"
  "PUSHLESS_STORE" "cache"
  "PUSHLESS_STORE_SIZE" (include "pushless.text" .Values.storeSize)
  "PUSHLESS_TRUSTED_KEYS" (join " " .Values.trustedKeys)
-}}
{{- if not .Values.secrets.auth }}{{ $_ := set $environment "PUSHLESS_ANONYMOUS_PULL" "true" }}{{ end -}}
{{- with .Values.secrets -}}
{{- if .auth }}{{ $_ := set $environment "PUSHLESS_AUTH" "/run/secrets/pushless-auth/auth.yaml" }}{{ end -}}
{{- if .netrc }}{{ $_ := set $environment "PUSHLESS_NETRC" "/run/secrets/pushless-netrc/netrc" }}{{ end -}}
{{- if .token }}{{ $_ := set $environment "PUSHLESS_TOKEN_FILE" "/run/secrets/pushless-token/token" }}{{ end -}}
{{- if .tls -}}
{{- $_ := set $environment "PUSHLESS_TLS_CERT" "/run/secrets/pushless-tls/tls.crt" -}}
{{- $_ := set $environment "PUSHLESS_TLS_KEY" "/run/secrets/pushless-tls/tls.key" -}}
{{- end -}}
{{- end -}}
{{- if .Values.cacheAuthority }}{{ $_ := set $environment "PUSHLESS_CACHE_CA" "/run/secrets/pushless-cache-ca/ca.crt" }}{{ end -}}
{{- range $key, $value := .Values.settings -}}
{{- $_ := set $environment (printf "PUSHLESS_%s" ($key | upper | replace "-" "_")) (include "pushless.text" $value) -}}
{{- end -}}
{{- range $key := keys $environment | sortAlpha }}
- name: {{ $key }}
  value: {{ get $environment $key | quote }}
{{- end -}}
{{- end -}}

{{/* Small files take more on disk than in archives; unpacked archives, encoded layers and logs are beside them. */}}
{{- define "pushless.stateSize" -}}
{{- $unpacked := dig "cache-size" 10000 .Values.settings | int64 -}}
{{- $encoded := dig "encoded-size" 1000 .Values.settings | int64 -}}
{{- add (div (mul (int64 .Values.storeSize) 3) 2) $unpacked $encoded 1000 }}M
{{- end -}}
