namespace Skep.Aws.Protocol;

/// <summary>What is said of a request that does not fit its model, in the codes of a protocol.</summary>
internal sealed class BindingErrors(WireProtocol protocol)
{
    private bool IsEc2 => protocol is WireProtocol.Ec2;

    private string OtherCode => protocol is WireProtocol.RestJson ? "ValidationException" : "ValidationError";

    public AwsException Unknown(string path) => new(IsEc2 ? "UnknownParameter" : OtherCode, 400, $"The parameter {path} is not recognized");

    public AwsException Missing(string path) => new(IsEc2 ? "MissingParameter" : OtherCode, 400, $"The request must contain the parameter {path}");

    public AwsException Invalid(string path, string value, string expected) =>
        new(IsEc2 ? "InvalidParameterValue" : OtherCode, 400, $"Value ({value}) for parameter {path} is invalid: {expected}.");

    public AwsException InvalidList(string path, string why) => new(IsEc2 ? "InvalidParameterValue" : OtherCode, 400, $"The list {path} is invalid: {why}.");
}
