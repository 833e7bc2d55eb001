using Skep.Cli;

return await RootCommandFactory.RunAsync(args, CliContext.ForProcess());
