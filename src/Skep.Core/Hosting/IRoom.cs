using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Resources;

namespace Skep.Core.Hosting;

/// <summary>
/// What a capability brings to the program: the kinds it owns and its services (controllers and agents as
/// <see cref="Reconcile.IReconciler"/>, background services, command handlers of the dialects).
/// </summary>
public interface IRoom
{
    /// <summary>The kinds this room owns.</summary>
    IReadOnlyList<Kind> Kinds { get; }

    /// <summary>Registers the room's services. Called once, before anything starts.</summary>
    void AddServices(IServiceCollection services, SkepOptions options);
}
