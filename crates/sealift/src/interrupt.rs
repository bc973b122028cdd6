//! Ctrl-C and SIGTERM: the first one is a wish, the second one an order.

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::stop::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::ending;
use crate::output::Output;

/// Listens for signals as long as the runtime lives.
pub(crate) fn listen(stop: Stop, output: Output) -> Result<(), Fault> {
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Fault::new(ErrorCode::Internal, "listen for signals").because(error))
    };
    let interrupt = listen(SignalKind::interrupt())?;
    let terminate = listen(SignalKind::terminate())?;
    tokio::spawn(follow(interrupt, terminate, stop, output));
    Ok(())
}

async fn follow(mut interrupt: Signal, mut terminate: Signal, stop: Stop, output: Output) {
    loop {
        tokio::select! {
            _signal = interrupt.recv() => {}
            _signal = terminate.recv() => {}
        }
        if stop.requested() {
            // Every stage survives this: it is a crash.
            std::process::exit(ending::left(&output).into());
        }
        output
            .remark("stopping: what is under way is finished first; Ctrl-C again to leave at once");
        stop.request();
    }
}
