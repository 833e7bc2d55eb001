using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Networking.Kinds;

namespace Skep.Networking;

/// <summary>What this room brings to the program.</summary>
public sealed class NetworkingRoom : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => NetworkingKinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
    }
}
