# Parts of schemas. Every text and list has a limit, since the API server counts what the rules may cost at most.
rec {
  text = description: {
    type = "string";
    maxLength = 1024;
    inherit description;
  };
  name = description: {
    type = "string";
    minLength = 1;
    maxLength = 253;
    pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
    inherit description;
  };
  # A namespace, or another name of one label of DNS.
  label = description: {
    type = "string";
    minLength = 1;
    maxLength = 63;
    pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
    inherit description;
  };
  switch = default: description: {
    type = "boolean";
    inherit default description;
  };
  count = minimum: maximum: description: {
    type = "integer";
    format = "int64";
    inherit minimum maximum description;
  };
  duration = default: description: {
    type = "string";
    maxLength = 16;
    pattern = "^([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$";
    minLength = 2;
    inherit default;
    description = "${description} A duration such as 30s, 10m or 1h30m.";
  };
  choice = default: values: description: {
    type = "string";
    enum = values;
    inherit default description;
  };
  listOf = maxItems: items: description: {
    type = "array";
    inherit maxItems items description;
  };
  object =
    required: properties: description:
    {
      type = "object";
      inherit properties description;
    }
    // (if required == [ ] then { } else { inherit required; });
  # An object whose fields another program checks.
  anything = description: {
    type = "object";
    x-kubernetes-preserve-unknown-fields = true;
    inherit description;
  };

  secretKey =
    description:
    object [ "name" ] {
      name = name "Name of the Secret. It is in the namespace of this object.";
      key = (text "Key of the Secret that has the kubeconfig.") // {
        default = "value";
        pattern = "^[-._a-zA-Z0-9]+$";
        maxLength = 253;
      };
    } description;

  # metav1.Condition
  conditions = {
    type = "array";
    maxItems = 16;
    x-kubernetes-list-type = "map";
    x-kubernetes-list-map-keys = [ "type" ];
    description = (
      "Conditions with the meaning that kstatus gives them. Reconciling and Stalled are there "
      + "only while they are True."
    );
    items = object [ "type" "status" "lastTransitionTime" "reason" "message" ] {
      type = text "Ready, Reconciling, Stalled, Built or Drifted.";
      status = {
        type = "string";
        enum = [
          "True"
          "False"
          "Unknown"
        ];
        description = "Whether it is so.";
      };
      reason = text "The cause in one word, for programs.";
      message = (text "The cause in sentences, for people.") // {
        maxLength = 32768;
      };
      observedGeneration = count 0 9007199254740991 "The generation of the spec that was looked at.";
      lastTransitionTime = {
        type = "string";
        format = "date-time";
        description = "When the status became another one.";
      };
    } "A condition.";
  };
  observedGeneration = count 0 9007199254740991 "The generation of the spec that was looked at last.";
}
