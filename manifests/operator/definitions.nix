# The kinds of the operator.
customResourceDefinition:
let
  conditionColumn = type: field: {
    name = if field == "status" then type else "Message";
    type = "string";
    jsonPath = ".status.conditions[?(@.type==\"${type}\")].${field}";
  };
  age = {
    name = "Age";
    type = "date";
    jsonPath = ".metadata.creationTimestamp";
  };
  define =
    {
      kind,
      plural,
      short,
      schema,
      columns,
    }:
    customResourceDefinition {
      group = "pushless.internal";
      inherit kind plural;
      names = {
        singular = builtins.replaceStrings [ "D" "P" "S" ] [ "d" "p" "s" ] kind;
        shortNames = [ short ];
        categories = [ "pushless" ];
        listKind = "${kind}List";
      };
      versions.v1alpha1 = {
        inherit schema;
        subresources.status = { };
        additionalPrinterColumns = [
          (conditionColumn "Ready" "status")
        ]
        ++ columns
        ++ [
          age
          (conditionColumn "Ready" "message")
        ];
      };
    };
in
[
  (define {
    kind = "DeliveryProfile";
    plural = "deliveryprofiles";
    short = "dp";
    schema = import ./schema/profile.nix;
    columns = [
      {
        name = "Revision";
        type = "string";
        jsonPath = ".status.revision";
      }
      {
        name = "Generation";
        type = "integer";
        jsonPath = ".status.generation";
      }
    ];
  })
  # `ds` means DaemonSets.
  (define {
    kind = "DeliverySet";
    plural = "deliverysets";
    short = "dset";
    schema = import ./schema/set.nix;
    columns = [
      {
        name = "Clusters";
        type = "integer";
        jsonPath = ".status.clusters";
      }
      {
        name = "Updated";
        type = "integer";
        jsonPath = ".status.updated";
      }
      {
        name = "Failed";
        type = "integer";
        jsonPath = ".status.failed";
      }
    ];
  })
]
