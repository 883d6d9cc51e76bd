process.stdout.write(`supervisor got ${process.argv.slice(2).join(",")}\n`);
