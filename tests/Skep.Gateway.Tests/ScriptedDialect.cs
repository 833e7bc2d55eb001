using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Core.Identity;

namespace Skep.Gateway.Tests;

/// <summary>Claims what is below /scripted and does what the test says.</summary>
internal sealed class ScriptedDialect : IDialect
{
    public string Name => "scripted";

    /// <summary>By default the answer is who asked.</summary>
    public Func<HttpContext, Principal?, Task> Script { get; set; } = (context, principal) =>
    {
        context.Response.StatusCode = principal is null ? 401 : 200;
        return context.Response.WriteAsync(principal is null ? "nobody" : $"{principal.Name} {principal.AccountId} {string.Join(',', principal.Groups)}");
    };

    public bool Claims(HttpContext context) => context.Request.Path.StartsWithSegments("/scripted");

    public Task HandleAsync(HttpContext context, Principal? principal) => Script(context, principal);
}
