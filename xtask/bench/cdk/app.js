// The stacks of `stacks/` in environment `staging`, as one would write them with the CDK.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { App, Duration, RemovalPolicy, Stack, Tags } = require("aws-cdk-lib");
const budgets = require("aws-cdk-lib/aws-budgets");
const ce = require("aws-cdk-lib/aws-ce");
const cognito = require("aws-cdk-lib/aws-cognito");
const iam = require("aws-cdk-lib/aws-iam");
const s3 = require("aws-cdk-lib/aws-s3");
const sns = require("aws-cdk-lib/aws-sns");

const name = "staging";
const settings = {
  env: { account: "111122223333", region: "us-east-1" },
  repository: "jeremyckahn/chitchatter-pro",
  team: "chitchatter",
  project: "chitchatter-pro-staging",
  urls: ["https://pro-staging.chitchatter.im", "http://localhost:3000"],
  signInDomain: "chitchatter-staging",
  monthlyBudget: 30,
  notify: "costs@chitchatter.im",
};

const app = new App();
Tags.of(app).add("project", "chitchatter");
Tags.of(app).add("environment", name);

function account() {
  const stack = new Stack(app, `chitchatter-${name}-account`, { env: settings.env, terminationProtection: true });
  const hour = Duration.hours(1);
  const allow = (actions, resources, conditions) => new iam.PolicyStatement({ actions, resources, conditions });

  new iam.Role(stack, "Administrator", {
    roleName: `chitchatter-${name}-administrator`,
    assumedBy: new iam.AccountRootPrincipal().withConditions({
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      NumericLessThan: { "aws:MultiFactorAuthAge": "3600" },
    }),
    managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName("AdministratorAccess")],
    maxSessionDuration: hour,
  });

  const github = new iam.OidcProviderNative(stack, "GitHub", {
    url: "https://token.actions.githubusercontent.com",
    clientIds: ["sts.amazonaws.com"],
  });
  const subject = (provider, host, value) =>
    new iam.OpenIdConnectPrincipal(provider, { StringEquals: { [`${host}:sub`]: value } });
  const stacks = `arn:aws:cloudformation:*:*:stack/chitchatter-${name}-*/*`;
  const assets = `arn:aws:s3:::chitinfra-assets-${stack.account}-${stack.region}`;
  const read = () => [
    allow(["cloudformation:DescribeChangeSet", "cloudformation:DescribeEvents", "cloudformation:DescribeStackEvents",
      "cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"], [stacks]),
    allow(["s3:GetObject"], [`${assets}/chitchatter/${name}/*`]),
    allow(["s3:ListBucket"], [assets], { StringLike: { "s3:prefix": `chitchatter/${name}/*` } }),
  ];
  const deployer = new iam.Role(stack, "Deployer", {
    roleName: `chitchatter-${name}-deploy`,
    assumedBy: subject(github, "token.actions.githubusercontent.com", `repo:${settings.repository}:environment:${name}`),
    maxSessionDuration: hour,
  });
  read().forEach((statement) => deployer.addToPolicy(statement));
  deployer.addToPolicy(allow(["cloudformation:ContinueUpdateRollback", "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:RollbackStack",
    "cloudformation:TagResource", "cloudformation:UpdateTerminationProtection"], [stacks]));
  deployer.addToPolicy(allow(["iam:PassRole"], [`arn:aws:iam::${stack.account}:role/chitchatter-${name}-execution`],
    { StringEquals: { "iam:PassedToService": "cloudformation.amazonaws.com" } }));
  deployer.addToPolicy(allow(["s3:PutObject"], [`${assets}/chitchatter/${name}/*`]));
  const planner = new iam.Role(stack, "Planner", {
    roleName: `chitchatter-${name}-plan`,
    assumedBy: subject(github, "token.actions.githubusercontent.com", `repo:${settings.repository}:pull_request`),
    maxSessionDuration: hour,
  });
  read().forEach((statement) => planner.addToPolicy(statement));

  const vercel = new iam.OidcProviderNative(stack, "Vercel", {
    url: `https://oidc.vercel.com/${settings.team}`,
    clientIds: [`https://vercel.com/${settings.team}`],
  });
  const meetings = [
    allow(["chime:CreateMeeting"], ["*"], { Null: { "aws:RequestTag/chitchatter-customer-id": "false" } }),
    allow(["chime:CreateAttendee", "chime:DeleteAttendee", "chime:DeleteMeeting", "chime:GetMeeting",
      "chime:ListAttendees", "chime:TagResource"], [`arn:aws:chime:*:${stack.account}:meeting/*`]),
  ];
  const boundary = new iam.ManagedPolicy(stack, "WorkloadBoundary", {
    statements: [...meetings.map((statement) => statement.copy()),
      allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:PutObjectTagging"],
        [`arn:aws:s3:::chitchatter-${name}-*`, `arn:aws:s3:::chitchatter-${name}-*/*`])],
  });
  const api = new iam.Role(stack, "Api", {
    roleName: `chitchatter-${name}-api`,
    assumedBy: subject(vercel, `oidc.vercel.com/${settings.team}`,
      `owner:${settings.team}:project:${settings.project}:environment:production`),
    permissionsBoundary: boundary,
    maxSessionDuration: hour,
  });
  meetings.forEach((statement) => api.addToPolicy(statement));

  const alerts = new sns.Topic(stack, "Alerts", { displayName: "Chitchatter costs" });
  ["budgets.amazonaws.com", "costalerts.amazonaws.com"].forEach((service) =>
    alerts.addToResourcePolicy(new iam.PolicyStatement({
      actions: ["sns:Publish"],
      principals: [new iam.ServicePrincipal(service)],
      resources: [alerts.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
    })));
  const subscribers = [
    { subscriptionType: "EMAIL", address: settings.notify },
    { subscriptionType: "SNS", address: alerts.topicArn },
  ];
  const notify = (notificationType, threshold) => ({
    notification: { notificationType, threshold, comparisonOperator: "GREATER_THAN", thresholdType: "PERCENTAGE" },
    subscribers,
  });
  new budgets.CfnBudget(stack, "Budget", {
    budget: {
      budgetType: "COST",
      timeUnit: "MONTHLY",
      budgetLimit: { amount: settings.monthlyBudget, unit: "USD" },
      costFilters: { TagKeyValue: [`user:environment$${name}`] },
    },
    notificationsWithSubscribers: [notify("ACTUAL", 50), notify("ACTUAL", 80), notify("ACTUAL", 100), notify("FORECASTED", 100)],
  });
  const anomalies = new ce.CfnAnomalyMonitor(stack, "Anomalies", {
    monitorName: `chitchatter-${name}`, monitorType: "DIMENSIONAL", monitorDimension: "SERVICE",
  });
  const threshold = JSON.stringify({
    Dimensions: { Key: "ANOMALY_TOTAL_IMPACT_ABSOLUTE", MatchOptions: ["GREATER_THAN_OR_EQUAL"], Values: ["10"] },
  });
  new ce.CfnAnomalySubscription(stack, "AnomalyAlert", {
    subscriptionName: `chitchatter-${name}-at-once`, frequency: "IMMEDIATE", monitorArnList: [anomalies.attrMonitorArn],
    subscribers: [{ type: "SNS", address: alerts.topicArn }], thresholdExpression: threshold,
  });
  new ce.CfnAnomalySubscription(stack, "AnomalyDigest", {
    subscriptionName: `chitchatter-${name}-daily`, frequency: "DAILY", monitorArnList: [anomalies.attrMonitorArn],
    subscribers: [{ type: "EMAIL", address: settings.notify }], thresholdExpression: threshold,
  });
  stack.exportValue(api.roleArn);
  return api;
}

function identity() {
  const stack = new Stack(app, `chitchatter-${name}-identity`, { env: settings.env });
  // The codes that Cognito fills in come from the template language elsewhere.
  const email = (file, codes) => readFileSync(join(__dirname, "../../../templates/email", file), "utf8") + codes;
  const users = new cognito.UserPool(stack, "Users", {
    userPoolName: `chitchatter-${name}`,
    signInAliases: { email: true },
    autoVerify: { email: true },
    standardAttributes: { email: { required: true, mutable: true }, fullname: { mutable: true } },
    mfa: cognito.Mfa.OPTIONAL,
    mfaSecondFactor: { sms: false, otp: true },
    passwordPolicy: {
      minLength: 12, requireDigits: true, requireLowercase: true, requireSymbols: true, requireUppercase: true,
    },
    userVerification: { emailSubject: "Your Chitchatter Pro code", emailBody: email("verification.html", "{####}") },
    userInvitation: { emailSubject: "Your Chitchatter Pro invitation", emailBody: email("invitation.html", "{username} {####}") },
    accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const attributes = new cognito.ClientAttributes();
  const web = users.addClient("Web", {
    userPoolClientName: "web",
    generateSecret: false,
    authFlows: { userSrp: true },
    oAuth: {
      flows: { authorizationCodeGrant: true },
      scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, cognito.OAuthScope.PROFILE],
      callbackUrls: settings.urls,
      logoutUrls: settings.urls,
    },
    preventUserExistenceErrors: true,
    readAttributes: attributes.withStandardAttributes({ email: true, emailVerified: true, fullname: true }),
    writeAttributes: attributes.withStandardAttributes({ email: true, fullname: true }),
    accessTokenValidity: Duration.minutes(15),
    idTokenValidity: Duration.minutes(15),
    refreshTokenValidity: Duration.days(30),
  });
  const signIn = users.addDomain("SignIn", { cognitoDomain: { domainPrefix: settings.signInDomain } });
  const pages = new cognito.CfnManagedLoginBranding(stack, "SignInPages", {
    userPoolId: users.userPoolId, clientId: web.userPoolClientId, useCognitoProvidedValues: true,
  });
  pages.node.addDependency(signIn);
  stack.exportValue(users.userPoolId);
  stack.exportValue(web.userPoolClientId);
}

function files(api) {
  const stack = new Stack(app, `chitchatter-${name}-files`, { env: settings.env });
  const bucket = new s3.Bucket(stack, "Files", {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    encryption: s3.BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    cors: [{
      allowedOrigins: settings.urls,
      allowedMethods: [s3.HttpMethods.GET, s3.HttpMethods.HEAD, s3.HttpMethods.PUT],
      allowedHeaders: ["content-type", "x-amz-tagging", "if-none-match"],
      exposedHeaders: ["ETag"],
    }],
    lifecycleRules: [{ expiration: Duration.days(1), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  new iam.Policy(stack, "ApiAccess", {
    roles: [api],
    statements: [new iam.PolicyStatement({
      actions: ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
      resources: [bucket.arnForObjects("*")],
    })],
  });
  stack.exportValue(bucket.bucketName);
}

const api = account();
identity();
files(api);
