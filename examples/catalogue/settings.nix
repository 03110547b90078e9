# A ConfigMap. Who asks for it must say which text it has, so it has no build with defaults alone.
{ pushless }:
let
  inherit (pushless) catalogueEntry configMap list;

  entry =
    labels:
    catalogueEntry {
      description = "Settings of an application, as a ConfigMap";
      schema = {
        type = "object";
        required = [ "data" ];
        properties = {
          name = {
            type = "string";
            maxLength = 63;
            default = "settings";
            description = "Name of the ConfigMap";
          };
          data = {
            type = "object";
            additionalProperties.type = "string";
            description = "Settings by their names";
          };
        };
      };
      presets.quiet.data.LOG_LEVEL = "warn";
      manifests =
        values:
        list "settings" [
          (configMap {
            inherit (values) name data;
            inherit labels;
          })
        ];
    };
in
{
  "1.0.0" = entry { };
  "2.0.0" = entry { "app.kubernetes.io/part-of" = "catalogue"; };
}
