# How the configuration gets to the daemon, which reads text from its environment or files: for each
# way the volume, the container that fills it, and what the roles may do for that. Text is in
# ECS_REFRESH_CONFIG_TOML, which Amazon ECS can take from a parameter too. What is in the image needs
# nothing of this.

locals {
  config_directory = "/etc/ecs-refresh"
  config_file      = "${local.config_directory}/ecs-refresh.toml"

  # By the environment and not by a flag, so that whatever runs in the container finds it.
  config_environment = merge(
    var.config_source == "inline" ? { ECS_REFRESH_CONFIG_TOML = var.config_toml } : {},
    contains(["s3", "efs"], var.config_source) ? { ECS_REFRESH_CONFIG = local.config_directory } : {},
  )
  config_secrets = [for arn in local.parameter_arns : { name = "ECS_REFRESH_CONFIG_TOML", valueFrom = arn }]
  # A new text is a new task definition, so that the service starts anew with it.
  config_labels = {
    for text in local.makes_parameter ? var.config_toml[*] : [] :
    "dockerLabels" => { "ecs-refresh.config-sha256" = sha256(text) }
  }

  # A parameter is made only where none is named.
  makes_parameter = var.config_source == "ssm" && var.config_ssm == null
  parameter_name  = try(var.config_ssm.parameter_name, "/${var.name}/config")
  parameter_arns  = [for source in ["ssm"] : "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${local.parameter_name}" if source == var.config_source]

  # What has to be named for each way; the task definition refuses to be made without it.
  config_complete = {
    inline = var.config_toml != null
    ssm    = var.config_ssm != null || var.config_toml != null
    s3     = var.config_s3 != null
    efs    = var.config_efs != null
    image  = true
  }[var.config_source]
}

resource "aws_ssm_parameter" "config" {
  # checkov:skip=CKV2_AWS_34:the configuration holds no secrets, and belongs where it can be reviewed
  # checkov:skip=CKV_AWS_337:the same; a SecureString of yours can be named by config_ssm
  count = local.makes_parameter ? 1 : 0

  name        = local.parameter_name
  description = "The configuration of ecs-refresh"
  type        = "String"
  # 4 KB, and 8 KB in the advanced tier, which is then paid for.
  tier  = "Intelligent-Tiering"
  value = var.config_toml
  tags  = var.tags
}

locals {
  # Beside the daemon, in an image of its own, goes on for ever. What is fetched takes its place at once
  # and whole, so that the daemon never reads a part; what cannot be fetched leaves what is there. As
  # root, because the volume is root's; the daemon mounts it read-only.
  config_fetcher = {
    name       = "config"
    image      = var.config_fetcher_image
    essential  = false
    entryPoint = ["/bin/sh", "-c"]
    command = [join("\n", [
      "fetch() { aws s3 cp --only-show-errors \"$CONFIG_URL\" ${local.config_file}.new && mv ${local.config_file}.new ${local.config_file}; }",
      "until fetch; do sleep 5; done",
      "while sleep 60; do fetch || echo 'the configuration could not be fetched: the one of before stays' >&2; done",
    ])]
    environment            = [{ name = "CONFIG_URL", value = try("s3://${var.config_s3.bucket}/${var.config_s3.key}", "") }]
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = local.linux_parameters
    mountPoints            = [{ sourceVolume = "config", containerPath = local.config_directory, readOnly = false }]
    logConfiguration       = local.log_configuration
    # The daemon waits for the first file. Without one the task is given up after three minutes.
    healthCheck   = { command = ["CMD-SHELL", "test -s ${local.config_file}"], interval = 10, timeout = 5, retries = 10, startPeriod = 60 }
    restartPolicy = { enabled = true, restartAttemptPeriod = 60 }
    # A shell that is the first process does not hear SIGTERM, and has nothing to finish.
    stopTimeout = 2
  }

  config_containers = [for container in [local.config_fetcher] : container if var.config_source == "s3"]
  config_depends_on = [for container in local.config_containers : { containerName = container.name, condition = "HEALTHY" }]
  config_mount_points = [
    for volume in local.config_volumes :
    { sourceVolume = volume.name, containerPath = local.config_directory, readOnly = true }
  ]
  config_volumes = [
    for source, file_systems in { s3 = [], efs = var.config_efs[*] } :
    { name = "config", file_systems = file_systems } if source == var.config_source
  ]

  # Policies of the task's role: the container that fetches has the same one.
  config_policies = merge(
    {
      for object in var.config_source == "s3" ? var.config_s3[*] : [] : "config" => jsonencode({
        Version = "2012-10-17"
        Statement = concat(
          [{
            Sid      = "ReadConfiguration"
            Effect   = "Allow"
            Action   = ["s3:GetObject"]
            Resource = ["arn:${local.partition}:s3:::${object.bucket}/${object.key}"]
          }],
          [for key in object.kms_key_arn[*] : {
            Sid      = "DecryptConfiguration"
            Effect   = "Allow"
            Action   = ["kms:Decrypt"]
            Resource = [key]
          }],
        )
      })
    },
    {
      for system in var.config_source == "efs" ? var.config_efs[*] : [] : "config" => jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Sid      = "ReadConfiguration"
          Effect   = "Allow"
          Action   = ["elasticfilesystem:ClientMount"]
          Resource = ["arn:${local.partition}:elasticfilesystem:${local.region}:${local.account}:file-system/${system.file_system_id}"]
          Condition = {
            StringEquals = {
              "elasticfilesystem:AccessPointArn" = "arn:${local.partition}:elasticfilesystem:${local.region}:${local.account}:access-point/${system.access_point_id}"
            }
          }
        }]
      })
    },
  )

  # Statements of the execution role: Amazon ECS reads the parameter before the task starts.
  config_execution_statements = concat(
    [for arn in local.parameter_arns : {
      Sid      = "ReadConfiguration"
      Effect   = "Allow"
      Action   = ["ssm:GetParameters"]
      Resource = [arn]
    }],
    [for key in var.config_source == "ssm" ? try(var.config_ssm.kms_key_arn, null)[*] : [] : {
      Sid      = "DecryptConfiguration"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = [key]
    }],
  )
}
