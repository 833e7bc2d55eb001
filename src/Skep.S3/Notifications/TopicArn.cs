using System.Diagnostics.CodeAnalysis;

namespace Skep.S3.Notifications;

/// <summary>How bucket owners name a topic: an ARN of SNS, SQS or Lambda, all meaning the account's topic of that name.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Name">The topic's name.</param>
internal readonly record struct TopicArn(string AccountId, string Name)
{
    /// <summary>Reads arn:aws:sns:REGION:ACCOUNT:NAME, arn:aws:sqs:… or arn:aws:lambda:REGION:ACCOUNT:function:NAME.</summary>
    public static bool TryParse(string text, string service, [NotNullWhen(true)] out TopicArn? arn)
    {
        var parts = text.Split(':');
        var isFunction = service == "lambda";
        arn = null;
        if (parts.Length != (isFunction ? 7 : 6) || parts[0] != "arn" || parts[1] != "aws" || parts[2] != service || (isFunction && parts[5] != "function"))
            return false;
        if (parts[4].Length == 0 || parts[^1].Length == 0)
            return false;
        arn = new TopicArn(parts[4], parts[^1]);
        return true;
    }
}
