using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>
/// Says what an account has. Limits that Skep does not set are not listed: instances are bounded by the machines' memory,
/// not by a number.
/// </summary>
internal sealed class DescribeAccountAttributes : AwsOperation<DescribeAccountAttributesRequest, DescribeAccountAttributesResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DescribeAccountAttributesResult> HandleAsync(DescribeAccountAttributesRequest request, AwsCall call, CancellationToken ct)
    {
        var defaultVpc = call.List(NetworkingKinds.Vpc, after: null).FirstOrDefault(v => v.Spec.IsDefault)?.Metadata.Name ?? "none";
        List<AccountAttribute> all =
        [
            Attribute("supported-platforms", "VPC"),
            Attribute("default-vpc", defaultVpc),
        ];
        return new(new DescribeAccountAttributesResult
        {
            AccountAttributes = request.AttributeNames is { Count: > 0 } names ? all.FindAll(a => names.Contains(a.AttributeName!)) : all,
        });
    }

    private static AccountAttribute Attribute(string name, string value) =>
        new() { AttributeName = name, AttributeValues = [new AccountAttributeValue { AttributeValue = value }] };
}
