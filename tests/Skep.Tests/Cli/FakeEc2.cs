using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;

namespace Skep.Tests.Cli;

/// <summary>The EC2 half of <see cref="FakeCloud"/>: checks the signature, records the form, answers what the test says.</summary>
internal sealed class FakeEc2
{
    public AdminCredentials? Credentials { get; set; }

    /// <summary>The forms received, without Action and Version.</summary>
    public List<(string Action, Dictionary<string, string> Form)> Calls { get; } = [];

    /// <summary>Answers by action: the XML inside the response element.</summary>
    public Dictionary<string, Func<Dictionary<string, string>, string>> Answers { get; } = [];

    public async Task HandleAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (!IsSigned(context.Request, body.ToArray()))
        {
            await ErrorAsync(context, 401, "AuthFailure", "AWS was not able to validate the provided access credentials");
            return;
        }

        var form = Encoding.UTF8.GetString(body.ToArray()).Split('&').Select(p => p.Split('=', 2))
            .ToDictionary(p => Uri.UnescapeDataString(p[0]), p => Uri.UnescapeDataString(p[1]), StringComparer.Ordinal);
        form.Remove("Action", out var action);
        form.Remove("Version");
        Calls.Add((action!, form));
        try
        {
            var answer = Answers.TryGetValue(action!, out var handler) ? handler(form) : "<return>true</return>";
            context.Response.ContentType = "text/xml;charset=UTF-8";
            await context.Response.WriteAsync($"<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{answer}</{action}Response>", context.RequestAborted);
        }
        catch (Ec2Refusal ex)
        {
            await ErrorAsync(context, 400, ex.Code, ex.Message);
        }
    }

    private static Task ErrorAsync(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync($"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r</RequestID></Response>");
    }

    private bool IsSigned(HttpRequest request, byte[] body)
    {
        var time = DateTimeOffset.ParseExact(request.Headers["X-Amz-Date"]!, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        var signed = new SigV4Request(
            "POST", "/", "", [new("Host", request.Host.Value!), new("Content-Type", request.ContentType!)], Convert.ToHexStringLower(SHA256.HashData(body)));
        var expected = SigV4Signer.Sign(signed, new SigV4Credentials(Credentials!.AccessKeyId, Credentials.SecretAccessKey, null), "us-east-1", "ec2", time);
        return expected.Single(h => h.Key == "Authorization").Value == request.Headers.Authorization;
    }
}

/// <summary>An EC2 error that a test's handler answers with.</summary>
internal sealed class Ec2Refusal(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}
