using Skep.Cli;
using Skep.Daemon;

// Before anything writes: the console keeps the descriptors that it finds at its first use.
DetachedSession.EnterIfAsked();
return await RootCommandFactory.RunAsync(args, CliContext.ForProcess());
